"""Remembers: the Django apps, lowest first in ARCHITECTURE.md."""
