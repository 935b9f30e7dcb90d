"""Thinks: pure values and functions. No Django, no I/O, no clock; `as_of` is always an argument."""
