"""Many subscriptions that stand at the same event of one job, told as one.

Most who watch a job have seen all of it. What comes next is judged once for all of a
lane, and costs each of them no more than its sending.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple, Protocol

from events.cursor import EventCursor
from events.heads import JobHead
from events.recorded import Recorded

# Told in one go; then others have the event loop.
MAX_MEMBERS: Final = 256

type Send = Callable[[Any], bool]


class Audience(Protocol):
    """Receivers that are sent the same, made once for all of them."""

    def broadcast[M](self, item: Any, ports: Mapping[M, Any]) -> Collection[M]:
        """Send an item to each port; return whose must be sent to singly.

        Nobody may join or leave meanwhile. What it raises, it raises before it has sent
        anything.
        """


class Seat(NamedTuple):
    """Where a receiver is reached together with others."""

    audience: Audience
    port: Any


class _Alone:
    """The audience of those who are reached singly."""

    def broadcast[M](self, item: Any, ports: Mapping[M, Any]) -> Collection[M]:
        """Send nothing."""
        return tuple(ports)


ALONE: Final = Seat(_Alone(), None)


class LaneMember(Protocol):
    """One of a lane. It leaves when anything but the next event is to be told."""

    def on_event(self, event: Recorded) -> None:
        """Hear of an event for itself, having left the lane."""

    def leave_lane(self) -> None:
        """Go on for itself, where the lane stands."""

    def lag(self, event: Recorded, item: Any) -> None:
        """Hear that there was no room for an item: leave, and keep it."""

    def end_with_lane(self) -> None:
        """Hear that the job's last event was sent."""

    def fail(self, error: Exception) -> None:
        """Hear that sending failed."""


def _missed(
    audience: Audience, item: Any, ports: Mapping[LaneMember, Any]
) -> Collection[LaneMember]:
    """Broadcast, and return who must be sent to singly: at a failure, all."""
    try:
        return audience.broadcast(item, ports)
    except Exception:  # which each of them meets for itself
        return tuple(ports)


class JobLane:
    """Watches one job for its members; `seen` is the job_seq that all of them had."""

    def __init__(self, seen: int, cursor: EventCursor) -> None:
        self.seen = seen
        self.cursor = cursor
        self.is_over = False
        self.members: dict[LaneMember, tuple[Send, Audience]] = {}
        self._ports: dict[Audience, dict[LaneMember, Any]] = {}

    def join(self, member: LaneMember, send: Send, seat: Seat) -> None:
        """Take a member, whose receiver is reached by its seat, or else by `send`."""
        self.members[member] = send, seat.audience
        self._ports.setdefault(seat.audience, {})[member] = seat.port

    def leave(self, member: LaneMember) -> None:
        """Let a member go."""
        _, audience = self.members.pop(member)
        ports = self._ports[audience]
        del ports[member]
        if not ports:
            del self._ports[audience]

    def on_event(self, event: Recorded) -> None:
        """Send the job's next event to all; let them go their ways at anything else."""
        number = event.job_seq
        if number <= self.seen:
            return
        if number > self.seen + 1:
            for member in list(self.members):
                member.leave_lane()
                member.on_event(event)
            return
        item = event.happened
        self.seen, self.cursor = number, item.cursor
        self.is_over = event.is_terminal
        for audience, ports in list(self._ports.items()):
            for member in _missed(audience, item, ports):
                self._send(member, event)
        if self.is_over:
            for member in list(self.members):
                member.end_with_lane()

    def _send(self, member: LaneMember, event: Recorded) -> None:
        if member not in self.members:
            return  # another's receiver has stopped it
        send, _ = self.members[member]
        item = event.happened
        try:
            if not send(item):
                member.lag(event, item)
        except Exception as error:
            member.fail(error)

    def on_restart(self) -> None:
        """Leave it to the members, who hear of it themselves."""

    def on_head(self, job_id: str, head: JobHead | None) -> None:
        """Leave it to the members."""

    def checked_jobs(self) -> Collection[str]:
        """Return none: the members' are checked."""
        return ()
