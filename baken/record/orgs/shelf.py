"""What a process keeps of keys, so that it need not open them again and again."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

Kept = TypeVar("Kept")


class Shelf:
    """What was made lately, the oldest given up first; safe between threads."""

    def __init__(self, size: int) -> None:
        self._size, self._lock = size, Lock()
        self._kept: OrderedDict[Any, tuple[float, Any]] = OrderedDict()

    def get(self, key: Any, make: Callable[[], Kept], fresh: float = float("inf")) -> Kept:
        """What is kept under `key`, made anew when it is not or is older than `fresh` seconds."""
        now = time.monotonic()
        with self._lock:
            made, value = self._kept.get(key, (float("-inf"), None))
            if now - made < fresh:
                self._kept.move_to_end(key)
                found: Kept = value
                return found
        fresh_value = make()
        with self._lock:
            self._kept[key] = (now, fresh_value)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return fresh_value

    def drop(self, matches: Callable[[Any], bool]) -> None:
        """Give up what is kept under such keys."""
        with self._lock:
            for key in [key for key in self._kept if matches(key)]:
                del self._kept[key]
