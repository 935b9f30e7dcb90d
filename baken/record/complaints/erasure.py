"""What becomes of complaints when somebody is erased: that there was one, and when, stays; what was written goes."""

from django.db.models import Q

from baken.record.complaints.models import Attachment, Complaint, Remark
from baken.record.orgs.erasure import Fate, Rule

RULES = (
    Rule(
        model=Attachment, person="remark__author_id", carries="file_id", with_person=Fate.GOES,
        with_organisation=Fate.GOES, shown=Q(remark__visible=True),
        document="complaint_attachments", columns=("id", "remark_id", "file_id"),
    ),
    Rule(
        model=Remark, person="author_id", with_person=Fate.BLANKED, with_organisation=Fate.GOES, shown=Q(visible=True),
        document="remarks", columns=("id", "complaint_id", "visible", "author_id", "body", "created_at"),
    ),
    Rule(
        model=Complaint, person="reporter_id", with_person=Fate.BLANKED, with_organisation=Fate.BLANKED,
        document="complaints",
        columns=(
            "id", "number", "service_id", "reporter_id", "subject", "incidents", "lodged", "acknowledge_by",
            "acknowledged_at", "outcome", "decided_at", "left_out",
        ),
    ),
)  # fmt: skip
