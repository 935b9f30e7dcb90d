"""What people of the demonstration write to each other: the form of a conversation, whatever its language.

`{reporter}` and `{agent}` are first names, `{thing}` one of the topic's things.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that goes wrong with a service, and what is said until it works again.

    classes: what it touches. things: what it happens to.
    """

    classes: tuple[str, ...]
    things: tuple[str, ...]
    subject: str
    body: str
    reply: str
    question: str
    answer: str
    note: str
    resolved: str


@dataclass(frozen=True, slots=True)
class Phrases:
    """What is said whatever the topic."""

    call: str
    supplier: str
    supplier_done: str
    reopened: str
    resolved_again: str
    withdrawn: str
    rejected: str
    test: str
    duplicate: str
    raised: str
    topics: dict[str, tuple[Topic, ...]] = field(default_factory=dict)
