"""What becomes of looks when somebody is erased: they are codes and times, and stay. Both sides may take them along."""

from baken.record.looks.models import Look
from baken.record.orgs.erasure import Rule

RULES = (
    Rule(
        model=Look, person="person",
        document="looks", columns=("id", "at", "reader", "door", "page", "kind", "record", "count", "found"),
    ),
)  # fmt: skip
