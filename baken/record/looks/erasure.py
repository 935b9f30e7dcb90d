"""What becomes of looks: they go with the customer whose data was seen; who looked stays a code. Facts stay."""

from baken.record.looks.models import Look
from baken.record.orgs.erasure import Fate, Rule

RULES = (
    Rule(
        model=Look, mentions=("person",), with_organisation=Fate.GOES, document="looks",
        columns=("id", "at", "reader", "person", "door", "page", "kind", "record", "count", "shown", "found"),
    ),
)  # fmt: skip
