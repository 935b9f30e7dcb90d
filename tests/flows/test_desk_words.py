"""What the desk's pages say: every code has words, every fact a sentence, and the drawing of a clock adds up."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from baken.domain.calendars.hours import Reason
from baken.domain.clocks import Name, State, Why
from baken.domain.facts import IncidentClass, Kind, Origin, Outcome, Priority, Waiting
from baken.domain.incidents import Status
from baken.domain.instants import HOUR, to_us
from baken.record.clocks import reads as clocks
from baken.record.clocks.reads import ClockFace
from baken.record.clocks.signals import BREACHED, WARNED
from baken.record.complaints.models import Complaint
from baken.record.incidents import flows, reads
from baken.record.ledger import clock
from baken.show.web.desk import history, sums, words
from baken.show.web.desk.badges import badge
from baken.show.web.desk.strip import MOST_DAYS, lines, strip
from baken.show.web.templatetags.desk import parts
from tests.conftest import Cast


def test_every_code_has_words() -> None:
    for codes, vocabulary in (
        (Status, words.STATUS), (Outcome, words.OUTCOME), (Priority, words.PRIORITY), (IncidentClass, words.CLASS),
        (Origin, words.ORIGIN), (Waiting, words.WAITING), (Name, words.CLOCK), ([*Why, *Reason], words.REASON),
        (Complaint.Outcome.values, words.DECISION), (reads.VIEWS, words.VIEW), (flows.CAUSES, words.CAUSE),
    ):  # fmt: skip
        assert {str(code) for code in codes} == set(vocabulary)
    assert {*Kind, WARNED, BREACHED} == set(history.SENTENCES)


@pytest.mark.parametrize("state", list(State))
def test_every_state_of_a_clock_has_a_badge(state: State) -> None:
    face = ClockFace("response", state, Priority.HIGH, 4 * HOUR, HOUR, 3 * HOUR, None, None, None, 0.25)
    shown = badge(face)
    assert shown.text and shown.meaning and 0 <= shown.ring <= 100


def test_the_ring_empties_and_turns() -> None:
    def at(share: float) -> tuple[str, int, str]:
        used = int(share * 4 * HOUR)
        state = State.BREACHED if share > 1 else State.RUNNING
        face = ClockFace("resolution", state, Priority.HIGH, 4 * HOUR, used, 4 * HOUR - used, None, None, None, share)
        shown = badge(face)
        return shown.look, shown.ring, shown.text

    assert [at(share) for share in (0.0, 0.5, 0.75, 1.075)] == [
        ("running", 100, "4 h"), ("running", 50, "2 h"), ("soon", 25, "1 h"), ("late", 0, "+18 m"),
    ]  # fmt: skip


def test_an_incidents_history_in_sentences(cast: Cast) -> None:
    incident = flows.report(cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Down")
    other = flows.report(cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Down again")
    flows.take(cast.bob.caller, incident.number)
    flows.assign(cast.mona.caller, incident.number, to=cast.bea.user)
    flows.resolve(cast.bea.caller, incident.number, body="Up")
    flows.retract(cast.mona.caller, incident.number, seq=5, reason="It is not")
    flows.merge(cast.bea.caller, incident.number, into=other.number)
    told = history.events(reads.history(cast.mona.caller, incident))
    assert [f"{event.who} {event.what}" for event in told] == [
        "Alice reported it: other, priority medium",
        "Bob took it on",
        "Mona assigned it to Bea",
        "Bea resolved it",
        "Mona retracted fact 5",
        f"Bea merged it into #{other.number}",
    ]
    assert [(event.seq, event.gone, event.retractable) for event in told] == [
        (1, False, False), (2, False, True), (4, False, True), (5, True, False), (6, False, False), (7, False, True),
    ]  # fmt: skip


def explained(cast: Cast, reported: datetime, as_of: datetime, **level: int) -> clocks.Explanation:
    with clock.at(reported):
        incident = flows.report(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Down", **level
        )
    return clocks.explanation(cast.alice.caller, incident, "resolution", to_us(as_of))


def test_the_strip_adds_up_over_a_change_of_the_clock(cast: Cast) -> None:
    saturday = datetime(2026, 3, 28, 9, 30, tzinfo=UTC)
    told = explained(cast, saturday, saturday + timedelta(days=2), impact=1, urgency=1)
    drawn = strip(told)
    assert [day.day for day in drawn.first] == [date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)]
    assert [day.counted for day in drawn.first] == [13 * HOUR + HOUR // 2, 23 * HOUR, 11 * HOUR + HOUR // 2]
    assert drawn.first[1].bars[0].width == 1000
    assert [bar.look for bar in drawn.first[0].bars] == ["counted", "breach"]
    assert (drawn.first[0].due, drawn.first[1].due) == (604, None)
    assert lines(told.segments)[-1].total == told.reading.used == 48 * HOUR
    assert sums.in_words(told) == "48 h counted of the agreed 4 h: 44 h too long."


def test_the_strip_of_a_very_long_clock_leaves_out_the_middle(cast: Cast) -> None:
    told = explained(cast, datetime(2026, 2, 2, tzinfo=UTC), datetime(2027, 2, 2, tzinfo=UTC), impact=3, urgency=3)
    drawn = strip(told)
    assert (len(drawn.first), len(drawn.last), drawn.hidden) == (MOST_DAYS // 2, MOST_DAYS // 2, 366 - MOST_DAYS)
    assert drawn.first[0].day == date(2026, 2, 2) and drawn.last[-1].day == date(2027, 2, 2)
    by_reason = {part.reason: part.length for part in sums.by_reason(told)}
    assert by_reason[Why.SERVICE_HOURS] == told.reading.used
    assert sum(by_reason.values()) == 365 * 24 * HOUR


def test_quoted_text_is_folded_from_three_lines_on() -> None:
    assert [(part.quoted, part.text) for part in parts("Hi\n> a\n> b\nok\n> 1\n> 2\n> 3\nbye")] == [
        (False, "Hi\n> a\n> b\nok"), (True, "> 1\n> 2\n> 3"), (False, "bye"),
    ]  # fmt: skip


def test_pages_keep_what_was_typed_and_say_who_was_first(cast: Cast) -> None:
    number = flows.report(
        cast.alice.caller, organisation=cast.customer, service=cast.service, subject="<b>Down</b>"
    ).number
    client = Client()
    client.force_login(cast.bob.user)
    refused = client.post(f"/incidents/{number}/merger/?view=open", {"into": number})
    assert refused.status_code == 422
    assert "cannot be merged into itself" in refused.content.decode()
    flows.resolve(cast.bea.caller, number, body="Up")
    late = client.post(f"/incidents/{number}/resolution/", {"message": "Mine <i>too</i>"})
    page = late.content.decode()
    assert late.status_code == 409
    assert "resolved already" in page and "Mine &lt;i&gt;too&lt;/i&gt;" in page and "<b>Down</b>" not in page
    assert client.get("/incidents/?view=nonsense&priority=huge&page=x&service=none").status_code == 200
    assert client.get("/incidents/changes/?shown=x&shown=1&since=soon&news=many").status_code == 200
