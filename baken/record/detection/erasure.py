"""What becomes of detected episodes when an organisation is erased: they are codes and times, and stay."""

from baken.record.detection.models import Detected
from baken.record.orgs.erasure import Rule

RULES = (Rule(model=Detected),)
