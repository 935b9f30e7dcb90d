"""Clocks: readings of every incident, folded from the ledger and the catalogue."""
