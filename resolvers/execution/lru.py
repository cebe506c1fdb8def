"""A cache that forgets what was used least recently, bounded by entries and bytes."""

from collections import OrderedDict
from collections.abc import Hashable


class LruCache[K: Hashable, V]:
    """Holds at most `most_entries` values of together at most `most_bytes`."""

    def __init__(self, most_entries: int, most_bytes: int) -> None:
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.bytes = 0
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: K) -> V | None:
        """Return a value and count this as its use."""
        found = self._held.get(key)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._held.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Keep a value of so many bytes, unless it alone is more than all may be."""
        if size > self._most_bytes:
            return
        _, before = self._held.pop(key, (None, 0))
        self._held[key] = (value, size)
        self.bytes += size - before
        while len(self._held) > self._most_entries or self.bytes > self._most_bytes:
            _, (_, dropped) = self._held.popitem(last=False)
            self.bytes -= dropped
