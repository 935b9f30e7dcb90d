"""Recovery: restore drills and their outcomes."""
