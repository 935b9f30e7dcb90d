"""Explain this clock: every stretch of time, counted or not, and why."""

from django.http import HttpResponse

from baken.domain.instants import to_us
from baken.record.clocks import reads as clocks
from baken.record.incidents import reads
from baken.record.ledger import clock as ledger_clock
from baken.record.people.access import Permission
from baken.show.web.desk import sums
from baken.show.web.desk.badges import badge
from baken.show.web.desk.strip import MOST_ROWS, lines, strip
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.wording import calendar_lines


@page(Permission.READ_INCIDENTS, methods=("GET",))
def clock(request: PageRequest, number: int, name: str) -> HttpResponse:
    """One clock of one incident, explained."""
    incident = reads.incident(request.caller, number)
    now = to_us(max(ledger_clock.now(), incident.reported))
    explained = clocks.explanation(request.caller, incident, name, now)
    faces = clocks.faces([incident], now)[incident.id]
    rows = lines(explained.segments)
    half = MOST_ROWS // 2
    context = {
        "incident": incident,
        "explained": explained,
        "badge": badge(getattr(faces, name)),
        "words": sums.in_words(explained),
        "strip": strip(explained),
        "lines": rows if len(rows) <= MOST_ROWS else rows[:half],
        "hidden": max(0, len(rows) - MOST_ROWS),
        "later": rows[-half:] if len(rows) > MOST_ROWS else [],
        "by_reason": sums.by_reason(explained),
        "hours": calendar_lines(explained.terms.service_hours[explained.reading.priority]),
    }
    return show(request, "desk/clock.html", context)
