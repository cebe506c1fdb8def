"""How many connections each user has, whatever the transport."""

from collections import Counter


class Places:
    """Counts the WebSockets and the streams over HTTP of each user in this process."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def take(self, user_id: str, most: int) -> bool:
        """Count one more, unless there are `most` already; 0: no limit."""
        if most and self._taken[user_id] >= most:
            return False
        self._taken[user_id] += 1
        return True

    def leave(self, user_id: str) -> None:
        """Count one less."""
        self._taken[user_id] -= 1
        if not self._taken[user_id]:
            del self._taken[user_id]
