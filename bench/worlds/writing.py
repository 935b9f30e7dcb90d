"""Text as people write it to a desk, in Dutch and in English, generated from the demonstration's conversations.

Words are as frequent as in a language: the one in place n about 1/n as often as the first. To the words of the
conversations come compounds of them, names of machines, numbers and e-mail addresses, which are rare.
"""

import random
import re
from dataclasses import fields
from itertools import accumulate

VOCABULARY = 30_000
LENGTHS = range(4, 18)
"""Words of a message."""


class Writer:
    """Writes messages; the same ones for a seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.words = vocabulary()
        self._weights = list(accumulate(1 / (rank + 3) for rank in range(len(self.words))))

    def message(self) -> str:
        """One message; one in eight names an address or a machine."""
        said = self._dice.choices(self.words, cum_weights=self._weights, k=self._dice.choice(LENGTHS))
        if self._dice.random() < 1 / 8:
            said.append(self.address() if self._dice.random() < 0.5 else self.machine())
        return " ".join(said)

    def subject(self) -> str:
        """One short line."""
        return " ".join(self._dice.choices(self.words, cum_weights=self._weights, k=4))

    def address(self) -> str:
        """An e-mail address, one of a million."""
        return f"p{self._dice.randrange(10**6)}@customer.example"

    def machine(self) -> str:
        """A machine's name, one of ten thousand."""
        return f"srv-{self._dice.randrange(10**4):04}"

    def words_of_rank(self, ranks: range) -> list[str]:
        """Words so frequent."""
        return [self.words[rank] for rank in ranks]


def vocabulary() -> list[str]:
    """The words, the most frequent first; always the same."""
    counted: dict[str, int] = {}
    for text in _texts():
        for word in re.findall(r"[a-zà-ÿ]{2,}", text.lower()):
            counted[word] = counted.get(word, 0) + 1
    real = sorted(counted, key=lambda word: (-counted[word], word))
    dice, long = random.Random(1), [word for word in real if len(word) > 4]
    made: dict[str, None] = dict.fromkeys(real)
    while len(made) < VOCABULARY:
        made[dice.choice(long) + dice.choice(long)] = None
    return list(made)


def _texts() -> list[str]:
    from baken.run.demonstration import topics_en, topics_nl

    topics = [*topics_nl.DOCUMENTS, *topics_nl.PAYROLL, *topics_en.PAYROLL, *topics_en.SENSORS]
    said = [[getattr(topic, field.name) for field in fields(topic)] for topic in topics]
    return [text for texts in said for text in texts if isinstance(text, str)]
