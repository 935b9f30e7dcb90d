"""What becomes of what was detected when an organisation is erased: episodes are codes and times, and stay."""

from baken.record.detection.models import AlertGroup, AlertSource, AlertTaken, Detected
from baken.record.orgs.erasure import Fate, Rule

RULES = (
    Rule(model=Detected),
    *(Rule(model=model, with_organisation=Fate.GOES) for model in (AlertTaken, AlertGroup, AlertSource)),
)
