"""Detection: what machines noticed becomes incidents, once."""
