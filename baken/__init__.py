"""Baken: a service desk, a prober and a service-level engine in one house. See ARCHITECTURE.md."""
