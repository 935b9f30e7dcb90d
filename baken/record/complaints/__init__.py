"""Complaints: they reach the service manager, not the agent they are about."""
