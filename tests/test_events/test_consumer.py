"""Event handlers: a durable consumer for each, at least once, each by itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from loguru import logger
from nats.aio.client import Client
from nats.js.api import AckPolicy, DeliverPolicy

from core.container import Container
from events import consumer
from events.consumer import HANDLERS, EventHandler, HandlerLoop, on_event
from events.schemas import EventBody
from events.streams import ensure_streams
from events.subjects import EVENTS, Transition
from tests.test_events.bodies import Rows
from tests.test_events.conftest import Mortal, connected
from tests.test_events.publishing import eventually, publish

ALL = "events.psd.>"


class Handled:
    """A handler that notes what it is given; `plan` says what it does then."""

    def __init__(
        self,
        name: str,
        plan: Callable[[int, int], Awaitable[None]] | None = None,
        subject_filter: str = ALL,
    ) -> None:
        self.calls: list[tuple[float, int]] = []
        self.done: list[int] = []

        async def function(event: EventBody, container: Container) -> None:
            assert event.job
            number = event.job.job_seq
            self.calls.append((monotonic(), number))
            attempt = sum(1 for _, one in self.calls if one == number)
            if plan is not None:
                await plan(number, attempt)
            self.done.append(number)

        function.__name__ = name
        self.handler = EventHandler(subject_filter, function)

    @property
    def numbers(self) -> list[int]:
        """The job_seqs of the events that it was given, as often as it was."""
        return [number for _, number in self.calls]


@asynccontextmanager
async def handling(client: Client, *handlers: Handled) -> AsyncIterator[None]:
    """Run the handlers' loops."""
    work = [
        asyncio.create_task(HandlerLoop(client, Container(), one.handler).run())
        for one in handlers
    ]
    try:
        yield
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pulls, waits and redeliveries take little time."""
    monkeypatch.setattr(consumer, "PULL_SECONDS", 1.0)
    monkeypatch.setattr(consumer, "ACK_WAIT_SECONDS", 1.5)
    monkeypatch.setattr(consumer, "LONGEST_WAIT_SECONDS", 0.2)
    monkeypatch.setattr(consumer, "RETRY_SECONDS", 0.05)


async def happen(client: Client, rows: Rows, job: str, count: int) -> None:
    await publish(client, rows, *(rows.emit(job) for _ in range(count)))


async def settled(client: Client, name: str) -> tuple[int, int]:
    """Return how many events wait for an acknowledgement, and for delivery."""
    info = await client.jetstream().consumer_info(EVENTS, name)
    return info.num_ack_pending or 0, info.num_pending or 0


async def test_the_consumer_is_called_after_its_handler(
    client: Client, rows: Rows
) -> None:
    handled = Handled("on_something_do_this", subject_filter="events.psd.*.ready.*")
    async with handling(client, handled):
        async with asyncio.timeout(10):
            while not await client.jetstream().consumers_info(EVENTS):
                await asyncio.sleep(0.02)
        (info,) = await client.jetstream().consumers_info(EVENTS)

    config = info.config
    assert info.name == config.durable_name == "consumer_on_something_do_this"
    assert config.filter_subject == "events.psd.*.ready.*"
    assert config.ack_policy == AckPolicy.EXPLICIT
    assert config.deliver_policy == DeliverPolicy.ALL
    assert config.ack_wait == 30
    assert config.max_deliver == config.max_ack_pending == -1
    assert not config.inactive_threshold


def test_a_marked_function_is_found_by_its_name() -> None:
    async def on_nothing(event: EventBody, container: Container) -> None:
        raise AssertionError

    try:
        assert on_event("events.a.b.c.*")(on_nothing) is on_nothing
        handler = HANDLERS["on_nothing"]
    finally:
        HANDLERS.pop("on_nothing", None)

    assert handler == EventHandler("events.a.b.c.*", on_nothing)
    assert (handler.name, handler.consumer) == ("on_nothing", "consumer_on_nothing")


async def test_old_and_new_events_are_handled_once_each_and_in_order(
    client: Client, rows: Rows, hasty: None
) -> None:
    job, handled = rows.add(), Handled("on_all")
    await happen(client, rows, job, 3)
    async with handling(client, handled):
        await happen(client, rows, job, 3)
        await eventually(lambda: len(handled.done) >= 6)
        await asyncio.sleep(0.2)

        assert handled.numbers == [1, 2, 3, 4, 5, 6]
        assert await settled(client, "consumer_on_all") == (0, 0)


async def test_a_failing_handler_is_tried_again_after_growing_waits(
    client: Client, rows: Rows
) -> None:
    async def fail_twice(number: int, attempt: int) -> None:
        if number == 1 and attempt <= 2:
            raise ValueError("not yet")

    job = rows.add()
    failing, other = Handled("on_failing", fail_twice), Handled("on_other")
    async with handling(client, failing, other):
        await happen(client, rows, job, 3)
        await eventually(lambda: len(failing.done) == 3)
        await asyncio.sleep(0.1)
        assert await settled(client, "consumer_on_failing") == (0, 0)

    times = [at for at, number in failing.calls if number == 1]
    assert other.numbers == [1, 2, 3]
    assert failing.numbers == [1, 2, 3, 1, 1]  # the others were not held up
    assert 1.9 < times[1] - times[0] < 3.9 < times[2] - times[1] < 8


async def test_a_hanging_handler_is_given_up_and_tried_again(
    client: Client, rows: Rows, hasty: None
) -> None:
    async def hang_once(number: int, attempt: int) -> None:
        if number == 1 and attempt == 1:
            await asyncio.sleep(60)

    job, handled = rows.add(), Handled("on_hanging", hang_once)
    async with handling(client, handled):
        await happen(client, rows, job, 2)
        await eventually(lambda: len(handled.done) == 2)

    assert handled.numbers == [1, 2, 1]


async def test_a_body_that_is_no_event_is_given_up(
    client: Client, rows: Rows, hasty: None
) -> None:
    said: list[str] = []
    sink = logger.add(lambda message: said.append(message.record["message"]))
    job, handled = rows.add(), Handled("on_all")
    await client.jetstream().publish("events.psd.a.b.c", b"{}")
    await client.jetstream().publish("events.psd.a.b.d", b"\xff not JSON")
    await happen(client, rows, job, 1)
    async with handling(client, handled):
        await eventually(lambda: len(handled.done) == 1)
        await asyncio.sleep(1.7)  # longer than a redelivery would take
        assert await settled(client, "consumer_on_all") == (0, 0)
    logger.remove(sink)

    assert handled.numbers == [1]
    errors = [line for line in said if "is no event" in line]
    assert [line.split(": ")[:2] for line in errors] == [
        ["on_all", "events.psd.a.b.c is no event"],
        ["on_all", "events.psd.a.b.d is no event"],
    ]


async def test_what_was_under_way_at_a_stop_is_handled_again(
    client: Client, rows: Rows, hasty: None
) -> None:
    async def hang_once(number: int, attempt: int) -> None:
        if number == 2 and attempt == 1:
            await asyncio.sleep(60)

    job, handled = rows.add(), Handled("on_all", hang_once)
    await happen(client, rows, job, 3)
    async with handling(client, handled):
        await eventually(lambda: handled.numbers == [1, 2])
    async with handling(client, handled):
        await eventually(lambda: len(handled.done) == 3)
        await asyncio.sleep(0.1)

    assert sorted(handled.numbers) == [1, 2, 2, 3]
    assert sorted(handled.done) == [1, 2, 3]


async def test_two_processes_share_the_work(
    client: Client, nats_url: str, rows: Rows, hasty: None
) -> None:
    job, one, two = rows.add(), Handled("on_all"), Handled("on_all")
    async with (
        connected(nats_url) as second,
        handling(client, one),
        handling(second, two),
    ):
        await happen(client, rows, job, 60)
        await eventually(lambda: len(one.done) + len(two.done) >= 60)
        await asyncio.sleep(0.2)

    assert sorted(one.numbers + two.numbers) == list(range(1, 61))
    assert one.numbers and two.numbers


async def test_a_killed_nats_costs_no_event(
    mortal: Mortal, mortal_client: Client, rows: Rows, hasty: None
) -> None:
    job, handled = rows.add(), Handled("on_all")
    async with handling(mortal_client, handled):
        await happen(mortal_client, rows, job, 3)
        await eventually(lambda: len(handled.done) == 3)
        mortal.kill()
        await asyncio.sleep(0.2)
        await mortal.restart()
        await happen(mortal_client, rows, job, 3)
        await eventually(lambda: set(handled.done) == {1, 2, 3, 4, 5, 6})


async def test_after_the_loss_of_nats_data_new_events_are_handled(
    mortal: Mortal, mortal_client: Client, rows: Rows, hasty: None
) -> None:
    job, handled = rows.add(), Handled("on_all")
    async with handling(mortal_client, handled):
        await happen(mortal_client, rows, job, 3)
        await eventually(lambda: len(handled.done) == 3)
        mortal.kill()
        mortal.wipe()
        await mortal.restart()
        await ensure_streams(mortal_client, 1)
        await happen(mortal_client, rows, job, 2)
        await eventually(lambda: len(handled.done) == 5)

    assert handled.done == [1, 2, 3, 4, 5]


async def test_a_deleted_consumer_is_made_again(
    client: Client, rows: Rows, hasty: None
) -> None:
    job, handled = rows.add(), Handled("on_all")
    async with handling(client, handled):
        await happen(client, rows, job, 2)
        await eventually(lambda: len(handled.done) == 2)
        await client.jetstream().delete_consumer(EVENTS, "consumer_on_all")
        await happen(client, rows, job, 1)
        await eventually(lambda: 3 in handled.done)

    assert set(handled.done) == {1, 2, 3}


async def test_a_changed_filter_is_taken_over(
    client: Client, rows: Rows, hasty: None
) -> None:
    job = rows.add()
    before = Handled("on_all")
    after = Handled("on_all", subject_filter="events.*.*.completed.*")
    async with handling(client, before):
        await happen(client, rows, job, 2)
        await eventually(lambda: len(before.done) == 2)
    async with handling(client, after):
        await happen(client, rows, job, 1)
        await publish(client, rows, rows.emit(job, Transition.COMPLETED))
        await eventually(lambda: len(after.done) == 1)
        info = await client.jetstream().consumer_info(EVENTS, "consumer_on_all")

    assert after.numbers == [4]
    assert info.config.filter_subject == "events.*.*.completed.*"
