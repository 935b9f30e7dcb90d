"""Organisations: the provider and its customers, their files, and the fields that hold what a person wrote."""
