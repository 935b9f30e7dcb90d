"""Reaches the world outside: PostgreSQL binaries, the network. Knows no Django."""
