"""Export and erasure of people and organisations, and the list of who was erased."""
