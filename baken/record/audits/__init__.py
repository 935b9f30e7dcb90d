"""Audits: external audits with their grade and file, and the security reviews of a period."""
