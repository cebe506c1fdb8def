"""Who watches what: by job, by owner, and by subject in a trie."""

from collections.abc import Collection, Iterator
from typing import Final, Protocol, cast

from events.heads import JobHead
from events.live.job_lane import MAX_MEMBERS, JobLane, LaneMember, Seat, Send
from events.recorded import Recorded

ANY: Final = "*"
REST: Final = ">"


class Watcher(Protocol):
    """One reader of the hub. Nothing here may wait."""

    def on_event(self, event: Recorded) -> None:
        """Hear of the log's next event that is watched for."""

    def on_restart(self) -> None:
        """Hear that the log is another or was cut, and is read anew from its rest."""

    def on_head(self, job_id: str, head: JobHead | None) -> None:
        """Hear where a job stands (None: it is no more); all its events were sent."""

    def checked_jobs(self) -> Collection[str]:
        """Return the jobs whose silence is to be checked."""


class SubjectTree:
    """Watchers by subject filter; a subject costs its tokens, not the filters."""

    def __init__(self) -> None:
        self._below: dict[str, SubjectTree] = {}
        self._here: set[Watcher] = set()

    def add(self, pattern: str, watcher: Watcher) -> None:
        """Watch for the subjects that a filter covers."""
        self._node(pattern)._here.add(watcher)

    def discard(self, pattern: str, watcher: Watcher) -> None:
        """Watch no more; what is empty then is dropped."""
        self._discard(pattern.split("."), watcher)

    def matching(self, subject: str) -> Iterator[Watcher]:
        """Yield those whose filter covers a subject, each filter's once."""
        yield from self._matching(subject.split("."), 0)

    def __bool__(self) -> bool:
        return bool(self._here or self._below)

    def _node(self, pattern: str) -> "SubjectTree":
        node = self
        for token in pattern.split("."):
            node = node._below.setdefault(token, SubjectTree())
        return node

    def _discard(self, tokens: list[str], watcher: Watcher) -> None:
        if not tokens:
            self._here.discard(watcher)
            return
        below = self._below.get(tokens[0])
        if below is not None:
            below._discard(tokens[1:], watcher)
            if not below:
                del self._below[tokens[0]]

    def _matching(self, tokens: list[str], place: int) -> Iterator[Watcher]:
        if place == len(tokens):
            yield from self._here
            return
        if REST in self._below:
            yield from self._below[REST]._here
        for token in (tokens[place], ANY):
            if token in self._below:
                yield from self._below[token]._matching(tokens, place + 1)


class Watchers:
    """All watchers of one hub."""

    def __init__(self) -> None:
        self._by_job: dict[str, set[Watcher]] = {}
        self._lanes: dict[str, list[JobLane]] = {}
        self._by_owner: dict[str | None, set[Watcher]] = {}
        self._by_subject = SubjectTree()
        self._all: set[Watcher] = set()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Watcher]:
        return iter(tuple(self._all))

    def __contains__(self, watcher: object) -> bool:
        return watcher in self._all

    def watch_job(self, job_id: str, watcher: Watcher) -> None:
        """Have a watcher hear of one job."""
        self._all.add(watcher)
        self._by_job.setdefault(job_id, set()).add(watcher)

    def unwatch_job(self, job_id: str, watcher: Watcher) -> None:
        """End it."""
        self._all.discard(watcher)
        _discard(self._by_job, job_id, watcher)

    def join_lane(
        self, job_id: str, member: Watcher, send: Send, seat: Seat, lane: JobLane
    ) -> JobLane | None:
        """Have a job's watcher told as one of a lane that stands where `lane` does.

        None where those that there are stand elsewhere: the watcher stays as it is.
        """
        lanes = self._lanes.setdefault(job_id, [])
        if not lanes or len(lanes[-1].members) >= MAX_MEMBERS:
            lanes.append(lane)
        chosen = lanes[-1]
        if chosen.seen != lane.seen:
            return None
        chosen.join(cast(LaneMember, member), send, seat)
        _discard(self._by_job, job_id, member)
        return chosen

    def leave_lane(self, job_id: str, member: Watcher, lane: JobLane) -> None:
        """Have the watcher told for itself again."""
        self._by_job.setdefault(job_id, set()).add(member)
        lane.leave(cast(LaneMember, member))
        if not lane.members:
            self._lanes[job_id].remove(lane)
            if not self._lanes[job_id]:
                del self._lanes[job_id]

    def watch_owner(self, owner: str | None, watcher: Watcher) -> None:
        """Have a watcher hear of an owner's jobs; None: of everybody's."""
        self._all.add(watcher)
        self._by_owner.setdefault(owner, set()).add(watcher)

    def unwatch_owner(self, owner: str | None, watcher: Watcher) -> None:
        """End it."""
        self._all.discard(watcher)
        _discard(self._by_owner, owner, watcher)

    def watch_subjects(self, pattern: str, watcher: Watcher) -> None:
        """Have a watcher hear of the subjects, less their ids, that a filter covers."""
        self._all.add(watcher)
        self._by_subject.add(pattern, watcher)

    def unwatch_subjects(self, pattern: str, watcher: Watcher) -> None:
        """End it."""
        self._all.discard(watcher)
        self._by_subject.discard(pattern, watcher)

    def of(self, event: Recorded) -> list[Watcher]:
        """Return those who watch for an event, lanes first."""
        found: list[Watcher] = [*self._lanes.get(event.trailing_id, ())]
        found += self._by_job.get(event.trailing_id, ())
        if self._by_subject:
            found += self._by_subject.matching(event.bare_subject)
        if self._by_owner and event.is_readable and event.body.job:
            found += self._by_owner.get(event.body.job.owner, ())
            found += self._by_owner.get(None, ())
        return found


def _discard[K](watchers: dict[K, set[Watcher]], key: K, watcher: Watcher) -> None:
    mine = watchers.get(key)
    if mine is not None:
        mine.discard(watcher)
        if not mine:
            del watchers[key]
