"""Monitors: what is probed, from where, and what was seen."""
