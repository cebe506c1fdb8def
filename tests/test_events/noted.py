"""A watcher of the hub that does nothing but listen."""

from collections.abc import Collection

from events.heads import JobHead
from events.recorded import Recorded
from tests.test_events.publishing import eventually


class Noted:
    """A watcher that writes down what it is told."""

    def __init__(self, *jobs: str) -> None:
        self.told: list[int | str | tuple[str, JobHead | None]] = []
        self._jobs = jobs

    def on_event(self, event: Recorded) -> None:
        self.told.append(event.sequence)

    def on_restart(self) -> None:
        self.told.append("restart")

    def on_head(self, job_id: str, head: JobHead | None) -> None:
        self.told.append((job_id, head))

    def checked_jobs(self) -> Collection[str]:
        return self._jobs

    @property
    def events(self) -> list[int]:
        return [one for one in self.told if isinstance(one, int)]

    async def hears(self, what: object) -> None:
        await eventually(lambda: what in self.told)
