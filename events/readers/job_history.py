"""The events that the log still holds of one job, page by page."""

from typing import NamedTuple

from events.cursor import EventCursor
from events.live.hub import Hub
from events.readers.job_place import seen_behind
from events.recorded import Happened
from events.subjects import job_filter


class HistoryPage(NamedTuple):
    """Events in order; `has_gap` where some before the first are not kept any more."""

    events: list[Happened]
    has_next: bool
    has_gap: bool


async def read_history(
    hub: Hub, job_id: str, first: int, after: EventCursor | None
) -> HistoryPage:
    """Read at most `first` events of a job behind a cursor, or from its beginning."""
    seen: int | None = 0
    start = 0
    if after is not None:
        own = after.job_id == job_id
        seen = after.job_seq if own else await seen_behind(hub, job_id, after.position)
        if after.position is not None and await hub.log.holds(after.position):
            start = after.position.sequence
    found = await _behind(hub, job_id, first + 1, start, seen or 0)
    if found:
        has_gap = seen is None or found[0].job.job_seq > seen + 1
    else:
        has_gap = await _lacks(hub, job_id, seen)
    return HistoryPage(found[:first], len(found) > first, has_gap)


async def _behind(
    hub: Hub, job_id: str, most: int, start: int, seen: int
) -> list[Happened]:
    found: list[Happened] = []
    async for event in hub.log.replay(start, job_filter(job_id)):
        if event.job_seq > seen:
            found.append(event.happened)
            seen = event.job_seq
        if len(found) == most:
            break
    return found


async def _lacks(hub: Hub, job_id: str, seen: int | None) -> bool:
    """Tell whether PostgreSQL knows of events that the log does not hold."""
    head = (await hub.heads([job_id])).get(job_id)
    return head is not None and head.published > (seen or 0)
