"""Hundreds who subscribe at once: few statements, and nobody else has to wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from core.database_async import Database
from tests.integration.people import Feed, Person, Stage
from tests.integration.statements import statements
from tests.integration.watching import JOB_EVENTS
from tests.test_jobs.bench import ADMINISTRATOR

pytestmark = pytest.mark.timeout(180)

SOCKETS, EACH = 4, 75
# Rows are read some 64 at a time.
MOST_STATEMENTS = SOCKETS * EACH // 10
VIEWER = "{ viewer { email } }"


class Storm:
    """What each of some sockets asked for, and the query in the middle of it."""

    def __init__(self, people: list[Person]) -> None:
        self.people = people
        self.feeds: list[Feed] = []
        self.queries: list[tuple[Person, Feed]] = []

    async def begin(self, asked: list[dict[str, Any]]) -> None:
        """Send all at once, a part of it over each socket."""
        shares = [asked[place :: len(self.people)] for place in range(len(self.people))]
        await asyncio.gather(*map(self._begin_on, self.people, shares))

    async def _begin_on(self, person: Person, asked: list[dict[str, Any]]) -> None:
        for place, variables in enumerate(asked):
            if place == len(asked) // 2:
                self.queries.append((person, await person.begin(VIEWER)))
            self.feeds.append(await person.begin(JOB_EVENTS, **variables))

    def check_queries(self) -> None:
        """Check that no query was answered behind all subscriptions of its socket."""
        for person, query in self.queries:
            last = max(
                place for place, (kind, _) in enumerate(person.order) if kind == "next"
            )
            assert person.order.index(("complete", query.key)) < last
            assert len(query.results) == 1


async def _published(stage: Stage, jobs: list[str]) -> None:
    """Wait until all that has happened to some jobs is in the log."""
    for job_id in jobs:
        await stage.site.statuses(job_id)


@asynccontextmanager
async def _storm(stage: Stage) -> AsyncIterator[Storm]:
    async with AsyncExitStack() as stack:
        connecting = (stage.person() for _ in range(SOCKETS))
        yield Storm([await stack.enter_async_context(one) for one in connecting])


async def test_a_storm_of_subscriptions_holds_up_no_query(stage: Stage) -> None:
    jobs = [await stage.start(ADMINISTRATOR) for _ in range(SOCKETS * EACH)]
    await _published(stage, jobs)
    database = stage.gateway.container.get(Database)
    async with _storm(stage) as storm:
        with statements(database) as sent:
            await storm.begin([{"id": job_id} for job_id in jobs])
            shown = [(await feed.count(1))[0] for feed in storm.feeds]
        storm.check_queries()
    assert sorted(event["job"]["id"] for event in shown) == sorted(jobs)
    assert {event["__typename"] for event in shown} == {"JobSnapshot"}
    assert len(sent) < MOST_STATEMENTS, "\n\n".join(sent)


async def test_nor_does_one_of_all_who_come_back(stage: Stage) -> None:
    started = [
        await stage.bench.started(owner_id=ADMINISTRATOR.user_id)
        for _ in range(SOCKETS * EACH)
    ]
    jobs = [one.job.id for one in started]
    for job_id in jobs:
        await stage.cancel(job_id)
    await _published(stage, jobs)
    database = stage.gateway.container.get(Database)
    async with _storm(stage) as storm:
        with statements(database) as sent:
            await storm.begin(
                [{"id": one.job.id, "after": one.cursor} for one in started]
            )
            told = [await feed.end() for feed in storm.feeds]
        storm.check_queries()
    for events in told:
        kinds = [event["__typename"] for event in events]
        assert kinds == ["JobQueued", "JobCanceled"]
        assert len({event["job"]["id"] for event in events}) == 1
    assert len({events[0]["job"]["id"] for events in told}) == len(jobs)
    assert len(sent) < MOST_STATEMENTS, "\n\n".join(sent)
