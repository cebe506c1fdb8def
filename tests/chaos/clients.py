"""Clients that start jobs, watch each to its end, cancel some and retry others."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Any, Final, NamedTuple

import httpx
from sqlalchemy.exc import SQLAlchemyError

from tests.chaos.designs import Effects
from tests.chaos.facts import Accepted, Expected
from tests.chaos.jobs import CANCEL, KINDS, PARSE, RETRY, Kind, drawn, parse_input
from tests.chaos.watching import Watcher
from tests.client import Client, GraphQLErrors
from tests.test_jobs.bench import Bench

CALL_SECONDS: Final = 6.0
AGAIN_SECONDS: Final = 0.3


class Site(NamedTuple):
    """What clients need: gateways, the jobs service, files and what comes of them."""

    gateways: list[str]
    bench: Bench
    notes_file: str
    file_ids: Mapping[str, str]
    effects: Mapping[str, Effects]


class Told(NamedTuple):
    """What a client was answered: the job, and where its events begin."""

    job_id: str
    cursor: str


class Crowd:
    """All clients, and what they have been told. Their first jobs are of all kinds."""

    def __init__(self, site: Site, seed: int, kinds: Sequence[Kind]) -> None:
        self.site = site
        self.kinds = kinds
        self.accepted: list[Accepted] = []
        self.watchers: list[Watcher] = []
        self.complaints: list[str] = []
        self.repeated_calls = 0
        self._seed = seed

    async def work(self, number: int, is_over: Callable[[], bool]) -> None:
        """Be one client until `is_over`, and then to the end of the last job."""
        random = Random(f"{self._seed} {number}")
        one = OneClient(self, random, f"chaos {number}")
        kind = KINDS[number % len(KINDS)]
        while not is_over():
            try:
                await one.one_job(kind)
            except Exception as error:
                self.complaints.append(f"client {number}: {error!r}")
            await asyncio.sleep(random.uniform(0.0, 1.0))
            kind = drawn(random, self.kinds)


class OneClient:
    """One client; its choices come from `random`."""

    def __init__(self, crowd: Crowd, random: Random, name: str) -> None:
        self._crowd = crowd
        self._site = crowd.site
        self._random = random
        self._name = name
        self._calls = 0

    async def one_job(self, kind: Kind) -> None:
        """Start a job, watch it, perhaps cancel it, perhaps run it again."""
        told = await self._start(kind)
        status = await self._follow(kind, told, may_cancel=True)
        if status in ("FAILED", "CANCELED") and self._random.random() < 0.5:
            again = await self._retry(told.job_id)
            await self._follow(kind, again, may_cancel=False)

    async def _start(self, kind: Kind) -> Told:
        self._calls += 1
        key = f"{self._name} {self._calls}"
        if kind.task is not None:
            return await self._start_task(kind, key)
        assert kind.design is not None
        given = parse_input(kind, self._site.file_ids[kind.design], key)
        times = 2 if self._random.random() < 0.2 else 1
        answers = await asyncio.gather(
            *(self._call(PARSE, input=given) for _ in range(times))
        )
        return self._one(answers)

    async def _start_task(self, kind: Kind, key: str) -> Told:
        """Start a task of the tests as a mutation's service does."""
        seconds = self._random.uniform(*kind.seconds)
        given = {"seconds": seconds, "notes": self._site.notes_file}
        while True:
            with suppress(SQLAlchemyError, OSError, TimeoutError):
                started = await self._site.bench.started(
                    task_name=kind.task, input=given, idempotency_key=key
                )
                return Told(started.job.id, started.cursor)
            self._crowd.repeated_calls += 1
            await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self, kind: Kind, told: Told, *, may_cancel: bool) -> str:
        """Note a job as accepted and watch it to its end."""
        place = len(self._crowd.accepted)
        effects = self._effects(kind)
        self._crowd.accepted.append(
            Accepted(told.job_id, kind.name, kind.expected, effects)
        )
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watcher(told, told.cursor).watch())
            if self._random.random() < 0.4:
                cut = self._watcher(told, told.cursor, cuts=True)
                group.create_task(cut.watch())
            if self._random.random() < 0.2:
                group.create_task(self._watch_later(told))
            if may_cancel and self._random.random() < 0.15:
                group.create_task(self._cancel(place))
        return watching.result()

    def _effects(self, kind: Kind) -> Effects | None:
        if kind.expected is not Expected.WORKS or kind.design is None:
            return None
        effects = self._site.effects[kind.design]
        return effects if kind.export_layers else Effects(effects.layers)

    def _watcher(self, told: Told, after: str | None, *, cuts: bool = False) -> Watcher:
        random = Random(self._random.random())
        watcher = Watcher(told.job_id, after, self._site.gateways, random, cuts=cuts)
        self._crowd.watchers.append(watcher)
        return watcher

    async def _watch_later(self, told: Told) -> None:
        """Come without a cursor: a snapshot first, then what happens."""
        await asyncio.sleep(self._random.uniform(0.0, 3.0))
        await self._watcher(told, None).watch()

    async def _cancel(self, place: int) -> None:
        """Cancel the job noted at `place`; a refusal says that it has ended."""
        await asyncio.sleep(self._random.uniform(0.0, 4.0))
        accepted = self._crowd.accepted
        accepted[place] = accepted[place]._replace(is_cancel_asked=True)
        answer = await self._call(CANCEL, id=accepted[place].job_id)
        codes = [error["code"] for error in answer["userErrors"]]
        assert codes in ([], ["CONFLICT"]), answer
        accepted[place] = accepted[place]._replace(is_cancel_told=not codes)

    async def _retry(self, job_id: str) -> Told:
        """Run a job again; asked twice, it is one new job."""
        return self._one([await self._call(RETRY, id=job_id) for _ in range(2)])

    def _one(self, answers: list[dict[str, Any]]) -> Told:
        """Take answers to the same call, which must name the same job."""
        first = answers[0]
        assert first["userErrors"] == [], first
        told = {(answer["job"]["id"], answer["cursor"]) for answer in answers}
        assert len(told) == 1, f"one call, several jobs: {answers}"
        return Told(first["job"]["id"], first["cursor"])

    async def _call(self, document: str, **variables: Any) -> dict[str, Any]:
        """Ask either gateway until one answers."""
        while True:
            url = self._random.choice(self._site.gateways)
            try:
                async with Client(url, timeout=CALL_SECONDS) as client:
                    answer: dict[str, Any] = (await client.ask(document, **variables))[
                        "answer"
                    ]
                    return answer
            except GraphQLErrors as refused:
                if not is_trouble(refused):
                    raise
            except (httpx.HTTPError, ValueError):
                pass
            self._crowd.repeated_calls += 1
            await asyncio.sleep(AGAIN_SECONDS)


def is_trouble(refused: GraphQLErrors) -> bool:
    """Tell whether the gateway said no more than that it could not answer."""
    return all(error["extensions"]["code"] == "INTERNAL" for error in refused.errors)
