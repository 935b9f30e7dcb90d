"""Incidents: reported, worked, resolved. Every change of state is a fact and, in the same transaction, a row."""
