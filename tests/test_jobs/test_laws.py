"""What holds for a job whatever its workers, its owner and the queue do."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.broker import Redeliver, Settlement
from core.database_async import Database
from core.errors import AppError, ErrorCode
from events.schemas import JobBody
from events.subjects import LAYERS_EXPORTED
from features.jobs.exceptions import ClaimLost, JobFailure
from features.jobs.models import Job
from features.jobs.reconciler import Reconciler
from tests import databases
from tests.test_jobs.bench import (
    ADMINISTRATOR,
    Bench,
    Delivery,
    changes_nothing,
    no_effects,
    report,
)

TERMINAL = {"completed": "SUCCEEDED", "failed": "FAILED", "canceled": "CANCELED"}
FRACTIONS = st.lists(st.floats(0, 1), min_size=1, max_size=3)
PICKS = st.integers(0, 5)
# Mostly what lets the story go on.
OUTCOMES = st.sampled_from(
    ["again", "hand back", "again", "hand back", "well", "never"]
)
LONG = 1000.0  # seconds: no clock interferes but the ones that the story moves


class LifeOfAJob(RuleBasedStateMachine):
    """One job; its messages come to workers that work, fail, leave, freeze and die."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.bench = self.run(self._begin())
        self.job_id = self.run(self.bench.start()).id
        self.settled: set[str] = set()
        self.current: tuple[Delivery, str] | None = None
        self.old: list[Delivery] = []
        self.claims: list[int] = []
        self.job: Job

    async def _begin(self) -> Bench:
        # Jobs that others left would hold the places of this one's owner.
        await databases.empty(self.url)
        return Bench(Database(self.url, pool_size=3))

    def run(self, coroutine: Any) -> Any:
        """Run one step of the story."""
        return self.runner.run(coroutine)

    # What can happen.

    @rule(pick=PICKS)
    def deliver(self, pick: int) -> None:
        """The queue hands out a message, perhaps one that another worker holds."""
        self.run(self._deliver(pick))

    @rule(pick=PICKS)
    def deliver_later(self, pick: int) -> None:
        """The wait before the next attempt is over, and its message comes."""
        self.run(self.bench.pass_time(self.job_id))
        self.run(self._deliver(pick))

    @precondition(lambda self: self.current is not None)
    @rule(pick=PICKS)
    def take_over(self, pick: int) -> None:
        """The worker freezes, and a message that it held comes to another."""
        self.freeze()
        self.run(self._deliver(pick))

    async def _deliver(self, pick: int) -> None:
        messages = await self._queue(are_due=True)
        if not messages:
            return
        message = messages[pick % len(messages)]
        before = await self.bench.job(self.job_id)
        delivery = self.bench.deliver(self.job_id)
        if await self._may_begin(before):
            run = await delivery.begun()
            self.claims.append(run.job.claim)
            self._lose_current()
            self.current = (delivery, message)
        else:
            settlement = await delivery.refused()
            is_alive = self.current is not None and before.status == "RUNNING"
            assert isinstance(settlement, Redeliver) is is_alive
            self._settle(message, settlement)

    async def _may_begin(self, job: Job) -> bool:
        """Tell by the row whether a delivery must begin an attempt."""
        if job.status == "RUNNING":
            return self.current is None and job.attempt < 4
        waits = job.run_after is not None and job.run_after > await self.bench.clock()
        return job.status == "QUEUED" and not waits

    @precondition(lambda self: self.current is not None)
    @rule(fractions=FRACTIONS, layers=st.booleans())
    def work(self, fractions: list[float], layers: bool) -> None:
        """The worker gets on."""
        for fraction in fractions:
            self.run(self._work(fraction, layers))

    async def _work(self, fraction: float, layers: bool) -> None:
        assert self.current is not None
        run = await self.current[0].begun()
        run._reported = 0.0  # as if the last report had been long ago
        if layers:
            await run.record(LAYERS_EXPORTED, no_effects, report(fraction))
        else:
            await run.progress(report(fraction))

    @precondition(lambda self: self.current is not None)
    @rule(outcome=OUTCOMES)
    def end(self, outcome: str) -> None:
        """The attempt ends, or its worker shuts down."""
        assert self.current is not None
        delivery, message = self.current
        self.current = None
        if outcome == "hand back":
            settlement = self.run(delivery.interrupt())
        elif outcome == "well":
            settlement = self.run(delivery.end())
        else:
            failure = JobFailure("INTERNAL", outcome, retryable=outcome == "again")
            settlement = self.run(delivery.end(failure))
        assert settlement is None
        self._settle(message, settlement)

    @precondition(lambda self: self.current is not None)
    @rule()
    def freeze(self) -> None:
        """The worker shows no sign for longer than its lease."""
        self.run(self.bench.silence(self.job_id, 2 * LONG))
        self._lose_current()

    @rule()
    def reconcile(self) -> None:
        """Maintenance finds a worker silent for long."""
        self.run(self._reconcile())

    async def _reconcile(self) -> None:
        silent = self.job.status == "RUNNING" and self.current is None
        reconciler = self.bench.container.get(Reconciler)
        assert await reconciler.take_over_silent() == silent

    @rule(patience=st.integers(0, 5))
    def cancel(self, patience: int) -> None:
        """The owner has enough; only what has not ended can be ended."""
        if self.job.has_ended or patience == 5:
            self.run(self._cancel())

    async def _cancel(self) -> None:
        try:
            await self.bench.jobs.cancel(ADMINISTRATOR, self.job_id)
        except AppError as error:
            assert error.code is ErrorCode.CONFLICT
            assert self.job.has_ended
        else:
            assert not self.job.has_ended
            self._lose_current()

    @precondition(lambda self: self.old)
    @rule(pick=PICKS, ends=st.booleans())
    def wake_up(self, pick: int, ends: bool) -> None:
        """A worker that lost its claim goes on as if nothing had been."""
        self.run(self._wake_up(self.old[pick % len(self.old)], ends))

    async def _wake_up(self, delivery: Delivery, ends: bool) -> None:
        run = await delivery.begun()
        if run.job.claim == self.job.claim and self.job.status == "RUNNING":
            return  # nobody has taken over yet
        run._reported = 0.0
        async with changes_nothing(self.bench, self.job_id):
            for write in (
                run.progress(report(1)),
                run.record(LAYERS_EXPORTED, no_effects, report(1)),
                run.store(no_effects, result_type="PsdDocument", result_id="psd_1"),
                run.succeed(),
            ):
                with pytest.raises(ClaimLost):
                    await write
            if ends:
                self.old.remove(delivery)
                settlement = await delivery.end()
                assert (settlement is None) is self.job.has_ended

    # What always holds.

    @invariant()
    def holds(self) -> None:
        """The events tell the row's whole story, and the job is not forgotten."""
        self.run(self._holds())

    async def _holds(self) -> None:
        self.job = await self.bench.job(self.job_id)
        events = await self.bench.events(self.job_id)
        bodies = [event.job for event in events if event.job]
        assert self.job.job_seq == len(events) == len(bodies)
        ends = [place for place, one in enumerate(events) if one.status in TERMINAL]
        assert ends == ([len(events) - 1] if self.job.has_ended else [])
        if ends:
            assert TERMINAL[events[-1].status] == self.job.status
        assert 0 <= self.job.attempt <= 4
        for former, later in zip(bodies, bodies[1:]):
            _check_step(former, later)
        assert self.claims == sorted(set(self.claims))
        assert self.job.claim >= max(self.claims, default=0)
        if not self.job.has_ended:
            assert await self._queue(), "nothing would ever run this job again"

    def teardown(self) -> None:
        """Whatever happened, the job can be brought to an end."""
        try:
            self.run(self._finish())
        finally:
            self.runner.close()

    async def _finish(self) -> None:
        for _ in range(6):
            self.job = await self.bench.job(self.job_id)
            if self.job.has_ended:
                break
            if self.current is not None:
                await self.current[0].end()
                self.current = None
            else:
                await self.bench.pass_time(self.job_id)
                await self._deliver(0)
        assert (await self.bench.job(self.job_id)).has_ended
        for delivery in self.old:
            await delivery.forget()
        await self.bench.database.close()

    async def _queue(self, *, are_due: bool = False) -> list[str]:
        """Return the messages that have not been settled; the relay publishes due ones."""
        rows = await self.bench.tasks(self.job_id)
        now = await self.bench.clock()
        return [
            row.message_id
            for row in rows
            if row.message_id not in self.settled
            and (row.not_before <= now or not are_due)
        ]

    def _settle(self, message: str, settlement: Settlement) -> None:
        if settlement is None:
            self.settled.add(message)

    def _lose_current(self) -> None:
        if self.current is not None:
            self.old.append(self.current[0])
            self.current = None


def _check_step(former: JobBody, later: JobBody) -> None:
    assert later.job_seq == former.job_seq + 1
    assert later.attempt - former.attempt in (0, 1)
    if later.attempt == former.attempt:
        assert later.progress.fraction >= former.progress.fraction
        assert later.progress.done >= former.progress.done


def test_the_life_of_a_job(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("features.jobs.runner.HEARTBEAT_SECONDS", LONG)
    monkeypatch.setattr("features.jobs.runner.LEASE_SECONDS", LONG)
    monkeypatch.setattr("features.jobs.reconciler.SILENT_SECONDS", LONG)
    monkeypatch.setattr("features.jobs.utils.RETRY_WAITS_SECONDS", (LONG,) * 3)
    LifeOfAJob.url = migrated_url
    run_state_machine_as_test(
        LifeOfAJob,
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
