"""Every rule there is, in the order in which rows are erased: those first that others are referred to by."""

from baken.record.audits import erasure as audits
from baken.record.catalogue import erasure as catalogue
from baken.record.complaints import erasure as complaints
from baken.record.detection import erasure as detection
from baken.record.incidents import erasure as incidents
from baken.record.looks import erasure as looks
from baken.record.monitors import erasure as monitors
from baken.record.orgs import erasure as orgs
from baken.record.orgs.erasure import Rule
from baken.record.people import erasure as people
from baken.record.recovery import erasure as recovery
from baken.record.reports import erasure as reports

RULES: tuple[Rule, ...] = (
    *reports.RULES,
    *detection.RULES,
    *incidents.RULES,
    *complaints.RULES,
    *monitors.RULES,
    *recovery.RULES,
    *audits.RULES,
    *catalogue.RULES,
    *looks.RULES,
    *people.RULES,
    *orgs.RULES,
)
