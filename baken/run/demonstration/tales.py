"""One incident of the demonstration, made up from the report to its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from baken.domain.agreements import Basis, ResponseCounts, Terms
from baken.domain.calendars import calendar
from baken.domain.facts import Kind, Origin, Outcome, Priority, Waiting, priority_of
from baken.domain.instants import DAY, HOUR, MINUTE, to_datetime, to_us
from baken.record.incidents.models import Message
from baken.record.incidents.past import Past
from baken.record.ledger.flows import Entry
from baken.record.orgs.fields import new_id
from baken.record.people.access import actor_of
from baken.run.demonstration.topics import Phrases, Topic
from baken.run.demonstration.world import Person

LEVELS = {
    Priority.HIGH: ((1, 1), (1, 2), (2, 1)),
    Priority.MEDIUM: ((2, 2), (2, 2), (1, 3), (3, 1)),
    Priority.LOW: ((2, 3), (3, 2), (3, 3)),
}
"""Impact and urgency of each priority."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and by whom an incident plays. number: one that a supplier's reference can be made of."""

    service: UUID
    customer: UUID
    terms: Terms
    reporter: Person
    agent: Person
    topic: Topic
    phrases: Phrases
    number: int


@dataclass(slots=True)
class Tale:
    """What happened and what was said, as it is told; `at` is how far the telling is. Instants in microseconds."""

    scene: Scene
    rng: Random
    at: int
    priority: Priority
    thing: str = ""
    entries: list[Entry] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    id: UUID = field(default_factory=new_id)

    def __post_init__(self) -> None:
        self.thing = self.rng.choice(self.scene.topic.things)

    @property
    def reported(self) -> int:
        """When the customer told of it."""
        return to_us(self.entries[0].at)

    @property
    def counts(self) -> bool:
        """Whether it was not left out."""
        return all(entry.kind != Kind.LEFT_OUT for entry in self.entries)

    def past(self, end: int) -> Past:
        """As much of it as had happened at `end`."""
        until = to_datetime(end)
        entries = sorted((entry for entry in self.entries if entry.at <= until), key=lambda entry: entry.at)
        taken = any(entry.kind == Kind.ASSIGNED for entry in entries)
        return Past(
            service=self.scene.service, customer=self.scene.customer, subject=self._filled(self.scene.topic.subject),
            entries=entries, reporter=self.scene.reporter.user.id, id=self.id,
            assignee=self.scene.agent.user.id if taken else None,
            messages=[message for message in self.messages if message.created_at <= until],
        )  # fmt: skip

    def report(self) -> None:
        """The customer tells of it."""
        impact, urgency = self.rng.choice(LEVELS[self.priority])
        data = {
            "classes": sorted(self.scene.topic.classes), "impact": impact, "urgency": urgency,
            "priority": priority_of(impact, urgency).value, "origin": Origin.CUSTOMER.value,
        }  # fmt: skip
        self._happens(Kind.REPORTED, self.at, self.scene.reporter, data)
        self._says(Message.Kind.REPORT, self.at, self.scene.reporter, self.scene.topic.body)

    def respond(self, share: float, *, by_call: bool) -> None:
        """The agent takes it on and answers when `share` of the agreed time is used."""
        agreed = self.scene.terms.targets[self.priority].response or HOUR
        counts = self.scene.terms.response_counts is ResponseCounts.PICKUP
        sooner = 1 if counts else self.rng.uniform(0.3, 0.9)
        picked_up = self._after(self.at, int(agreed * share * sooner))
        self.at = max(picked_up, self._after(self.at, int(agreed * share)))
        self._agent_happens(Kind.PICKED_UP, picked_up)
        self._agent_happens(Kind.ASSIGNED, picked_up, {"to": str(self.scene.agent.user.id)})
        self._agent_happens(Kind.CLASSES_CONFIRMED, picked_up)
        self._agent_happens(Kind.RESPONDED, self.at, {"way": "call" if by_call else "reply"})
        kind, text = (
            (Message.Kind.CALL, self.scene.phrases.call) if by_call else (Message.Kind.REPLY, self.scene.topic.reply)
        )
        self._says(kind, self.at, self.scene.agent, text)

    def raise_priority(self) -> None:
        """It turns out to matter more than it seemed."""
        self.priority = Priority.MEDIUM
        data = {"priority": self.priority.value, "impact": 2, "urgency": 2}
        self._agent_happens(Kind.PRIORITY_CHANGED, self.at + 2 * MINUTE, data)
        self._says(Message.Kind.REASON, self.at + 2 * MINUTE, self.scene.agent, self.scene.phrases.raised)

    def ask(self, work: int) -> None:
        """After `work` the agent asks something, and the customer answers hours or days later."""
        self.at = self._after(self.at, work)
        self._agent_happens(Kind.WAITING_BEGAN, self.at, {"on": Waiting.CUSTOMER.value})
        self._says(Message.Kind.REPLY, self.at, self.scene.agent, self.scene.topic.question)
        self.at += int(self.rng.uniform(0.4, 30) * HOUR)
        self._happens(Kind.WAITING_ENDED, self.at, self.scene.reporter)
        self._says(Message.Kind.REPLY, self.at, self.scene.reporter, self.scene.topic.answer)

    def wait_for_supplier(self, work: int) -> None:
        """Half of `work` is done by somebody else, and the clock runs on."""
        middle, self.at = self._after(self.at, work // 2), self._after(self.at, work)
        self._agent_happens(Kind.WAITING_BEGAN, middle, {"on": Waiting.SUPPLIER.value})
        self._says(Message.Kind.NOTE, middle, self.scene.agent, self.scene.phrases.supplier)
        self._agent_happens(Kind.WAITING_ENDED, self.at)
        self._says(Message.Kind.NOTE, self.at, self.scene.agent, self.scene.phrases.supplier_done)

    def resolve(self, work: int) -> None:
        """After `work` it works again."""
        self.at = self._after(self.at, work)
        self._says(Message.Kind.NOTE, self.at - MINUTE, self.scene.agent, self.scene.topic.note)
        self._resolved(self.scene.topic.resolved)
        if "integrity" in self.scene.topic.classes:
            self._agent_happens(Kind.DATA_RESTORED, self.at)
        if "security" in self.scene.topic.classes:
            self._agent_happens(Kind.BREAK_IN_REJECTED, self.at)

    def reopen(self, work: int) -> None:
        """It was not resolved after all, and takes more `work`."""
        self.at += int(self.rng.uniform(4, 40) * HOUR)
        self._happens(Kind.REOPENED, self.at, self.scene.reporter)
        self._says(Message.Kind.REPLY, self.at, self.scene.reporter, self.scene.phrases.reopened)
        self.at = self._after(self.at, work)
        self._resolved(self.scene.phrases.resolved_again)

    def close(self) -> None:
        """Nobody has said anything for some days."""
        self._agent_happens(Kind.CLOSED, self.at + 5 * DAY + self.rng.randrange(9 * HOUR))

    def leave_out(self, outcome: Outcome, survivor: UUID | None = None) -> None:
        """It does not count: the customer takes it back, or the agent finds so."""
        own = outcome is Outcome.WITHDRAWN
        by = self.scene.reporter if own else self.scene.agent
        self.at += self.rng.randrange(10 * MINUTE, 3 * HOUR)
        data = {"outcome": outcome.value} | ({"survivor": str(survivor)} if survivor else {})
        self._happens(Kind.LEFT_OUT, self.at, by, data)
        self._says(Message.Kind.REASON, self.at, by, getattr(self.scene.phrases, outcome.value), visible=own)

    def work(self, reported: int, share: float) -> int:
        """The time that is left until `share` of the agreed time to resolve is used; some minutes at least."""
        agreed = self.scene.terms.targets[self.priority].resolution or DAY
        return max(int(agreed * share) - self._used(reported, self.at), self.rng.randrange(4 * MINUTE, 25 * MINUTE))

    def _resolved(self, text: str) -> None:
        self._agent_happens(Kind.RESOLVED, self.at, {"timed": True})
        self._says(Message.Kind.REPLY, self.at, self.scene.agent, text)

    def _after(self, at: int, work: int) -> int:
        target = self.scene.terms.targets[self.priority]
        if target.basis is Basis.ELAPSED:
            return at + work
        return calendar(self.scene.terms.service_hours[self.priority]).add(at, work)

    def _used(self, start: int, end: int) -> int:
        target = self.scene.terms.targets[self.priority]
        if target.basis is Basis.ELAPSED:
            return end - start
        return calendar(self.scene.terms.service_hours[self.priority]).between(start, end)

    def _agent_happens(self, kind: Kind, at: int, data: Mapping[str, object] | None = None) -> None:
        self._happens(kind, at, self.scene.agent, data)

    def _happens(self, kind: Kind, at: int, by: Person, data: Mapping[str, object] | None = None) -> None:
        when = to_datetime(at)
        self.entries.append(Entry(kind.value, when, data or {}, recorded=when, actor=actor_of(by.user.id)))

    def _says(self, kind: str, at: int, by: Person, text: str, *, visible: bool | None = None) -> None:
        shown = kind not in (Message.Kind.NOTE, Message.Kind.REASON) if visible is None else visible
        self.messages.append(
            Message(
                kind=kind, visible=shown, author_id=by.user.id, actor=actor_of(by.user.id),
                body=self._filled(text), created_at=to_datetime(at),
            )
        )  # fmt: skip

    def _filled(self, text: str) -> str:
        filled = text.format(
            thing=self.thing, number=self.scene.number,
            reporter=self.scene.reporter.first_name, agent=self.scene.agent.first_name,
        )  # fmt: skip
        return filled[0].upper() + filled[1:]
