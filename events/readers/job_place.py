"""Where a place in the log lies within one job."""

from events.cursor import Position
from events.live.hub import Hub
from events.recorded import Recorded
from events.subjects import job_filter


async def seen_behind(hub: Hub, job_id: str, position: Position | None) -> int | None:
    """Return the job_seq of a job's last event at or before a position.

    None where the log cannot tell: the position does not hold, or what the answer needs
    was lost or is kept no more.
    """
    if position is None or not await hub.log.holds(position):
        return None
    seen = await seen_at(hub, job_id, position.sequence)
    # It may have been asked of another stream meanwhile.
    return seen if await hub.log.holds(position) else None


async def seen_at(hub: Hub, job_id: str, sequence: int) -> int | None:
    """Return the same for a sequence of the present stream."""
    head = (await hub.heads([job_id])).get(job_id)
    while True:
        following = await hub.log.next(job_filter(job_id), sequence)
        if following is not None:
            return await _seen_before(hub, following, sequence)
        newest = await hub.log.last(job_filter(job_id))
        if newest is None:
            return None if head is not None and head.published else 0
        if newest.sequence <= sequence:
            return newest.job_seq


async def _seen_before(hub: Hub, following: Recorded, sequence: int) -> int | None:
    """Return the job_seq of the event that the relay named as the one before.

    None where that one was behind `sequence`, and has been lost, or is kept no more.
    """
    if following.job_seq == 1:
        return 0
    if not 1 <= following.previous <= sequence:
        return None
    before = await hub.log.at(following.previous)
    return before.job_seq if before is not None else None
