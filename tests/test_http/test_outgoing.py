"""What waits for one client is bounded, goes out in order, and nothing is lost."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.http.streams.event_stream import EventStreamFormat
from resolvers.http.streams.outgoing import MAX_WAITING, MAX_WAITING_BYTES, Outgoing


class Bare(EventStreamFormat):
    """Results as they are."""

    opening = b""

    def next(self, result: bytes, cursor: str | None) -> bytes:
        """Write a result."""
        return result

    def completed(self) -> bytes:
        """Write an end."""
        return b"."


def outgoing() -> Outgoing:
    return Outgoing(Bare(silent_end=False))


def fill(stream: Outgoing, result: bytes) -> int:
    """Send results until there is no room; return how many went in."""
    count = 0
    while stream.next(result, None):
        count += 1
    return count


async def test_few_wait_by_count_and_by_bytes() -> None:
    small, large = outgoing(), outgoing()
    assert fill(small, b"x") == MAX_WAITING - 1  # the opening is one, too
    assert fill(large, b"x" * 1024) == MAX_WAITING_BYTES // 1024


async def test_what_is_being_sent_still_counts() -> None:
    stream = outgoing()
    filled = fill(stream, b"x" * 1024)
    part = await stream.take()
    assert part == (b"x" * 1024 * filled, False)
    assert not stream.next(b"y", None)
    waiting = asyncio.create_task(stream.drained())
    taking = asyncio.create_task(stream.take())
    await asyncio.sleep(0)
    await waiting
    assert stream.next(b"y", None)
    assert await taking == (b"y", False)


async def test_one_that_is_too_large_goes_alone() -> None:
    stream = outgoing()
    stream.opened()
    whole = b"x" * (2 * MAX_WAITING_BYTES)
    assert not stream.next(whole, None)  # behind the opening
    assert await stream.take() == (b"", False)
    taking = asyncio.create_task(stream.take())
    await stream.drained()
    assert stream.next(whole, None)
    assert not stream.next(b"x", None)
    assert await taking == (whole, False)


async def test_whoever_has_left_holds_nobody_up() -> None:
    stream = outgoing()
    fill(stream, b"x")
    stream.leave()
    await stream.drained()
    assert stream.next(b"x" * MAX_WAITING_BYTES, None)
    stream.complete()
    assert await stream.take() is None
    assert await stream.status() is None


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 60_000), st.integers(0, 3)), max_size=40))
def test_all_arrives_in_order(steps: list[tuple[int, int]]) -> None:
    asyncio.run(_run(steps))


async def _run(steps: list[tuple[int, int]]) -> None:
    stream = outgoing()
    results = [b"%d." % number + b"x" * size for number, (size, _) in enumerate(steps)]

    async def send() -> None:
        for result, (_, pause) in zip(results, steps, strict=True):
            while not stream.next(result, None):
                await stream.drained()
            for _ in range(pause):
                await asyncio.sleep(0)
        stream.complete()

    sending = asyncio.create_task(send())
    received = b""
    assert await stream.status() == 200
    while (part := await stream.take()) is not None:
        received += part.body
        assert len(part.body) <= MAX_WAITING_BYTES + 60_010
        if part.is_last:
            break
        await asyncio.sleep(0)
    await sending
    assert received == b"".join(results) + b"."
