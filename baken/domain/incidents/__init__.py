"""Incidents folded from their facts.

Nothing here reads a clock or judges: the fold says what happened, `baken.domain.clocks` says what that means.
"""

from baken.domain.incidents.folding import NotReported, fold
from baken.domain.incidents.incident import PICKUP, Incident, LeftOut, Resolution, Status, Wait

__all__ = ["PICKUP", "Incident", "LeftOut", "NotReported", "Resolution", "Status", "Wait", "fold"]
