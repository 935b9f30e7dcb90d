"""Reads the incident log of a ServiceNow desk: one row for the state of an incident after each of its updates.

The mapping to facts is a table in docs/how-to/import-a-history.md.
"""

from baken.reach.servicenow.log import LogError, Reject, Survey, histories, survey
from baken.reach.servicenow.rows import MACHINES, Reading

__all__ = ["MACHINES", "LogError", "Reading", "Reject", "Survey", "histories", "survey"]
