"""Runs: one thin module per process, and the command line."""
