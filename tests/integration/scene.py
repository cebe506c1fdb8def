"""People who watch the same things and may not see the same: a play, as chance has it."""

import asyncio
import random
from pathlib import Path
from typing import Any, NamedTuple

from core.base import derived_id
from core.security import Caller
from tests.client import Client
from tests.integration.people import Feed, Person, Stage

# All that can be reached through an event's ids.
REACHING = """
  __typename
  cursor
  job {
    id
    createdBy { id email name }
    retryOf { id }
    result {
      ... on PsdDocument {
        id
        file { id filename }
        job { id createdBy { email } events(first: 3) { nodes { job { id } } } }
        layers(first: 10) { nodes { id name document { id } } }
        preview { url }
      }
    }
  }
  ... on PsdLayersExported { layers { id document { job { createdBy { email } } } } }
  ... on PsdPreviewReady { document { id job { createdBy { email } } } }
"""
JOB_FEED = """
subscription ($after: EventCursor) {
  jobFeed(after: $after, delivery: ALL) {%s}
}
""" % REACHING
ONE_JOB = """
subscription ($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) {%s}
}
""" % REACHING
ALL = """
subscription ($after: EventCursor) {
  events(subject: ">", after: $after) {
    cursor
    subject
    payload
    job { id createdBy { id email } result { ... on PsdDocument { id } } }
  }
}
"""
SHOWN_LAYERS = 4


class Owner:
    """A member with a design that is being parsed, and other jobs."""

    def __init__(self, caller: Caller, email: str, file_id: str, job_id: str) -> None:
        self.caller = caller
        self.job_id = job_id
        document = derived_id("psd", job_id, "document")
        # What none but the owner and administrators may read.
        self.names = {caller.user_id, email, file_id, job_id, document}
        self.names |= {
            derived_id("layer", document, str(index)) for index in range(SHOWN_LAYERS)
        }
        self.last_id = ""

    async def short_job(self, stage: Stage) -> None:
        """Start and cancel another job."""
        self.last_id = await stage.short(self.caller)
        self.names.add(self.last_id)


async def new_owner(stage: Stage, design: Path) -> Owner:
    """Make somebody, and start the parse of their design."""
    caller = await stage.member()
    async with stage.person(caller) as person:
        viewer = (await person.ask("{ viewer { id email } }"))["viewer"]
        assert viewer["id"] == caller.user_id
    async with Client(stage.gateway.base_url) as client:
        file_id = await client.upload(design)
        started = await client.parse(file_id, waitMs=0)
    return Owner(caller, viewer["email"], file_id, started["job"]["id"])


class Watched(NamedTuple):
    """One operation: who asked, for what."""

    person: Person
    document: str
    variables: dict[str, Any]
    feed: Feed


class Scene:
    """People who come, ask all alike, and leave, in an order that chance decides."""

    def __init__(
        self, stage: Stage, people: list[Person], owners: list[Owner], seed: int
    ) -> None:
        self.open: list[Watched] = []
        self.left: list[Watched] = []
        self.cursors: list[str] = []
        self._stage = stage
        self._people = people
        self._owners = owners
        self._random = random.Random(seed)

    async def step(self) -> None:
        """Do one thing."""
        match self._random.random():
            case chance if chance < 0.55 and len(self.open) < 120:
                await self._watch()
            case chance if chance < 0.75 and self.open:
                watched = self.open.pop(self._random.randrange(len(self.open)))
                self.left.append(watched)
                await watched.person.leave(watched.feed)
            case chance if chance < 0.9:
                await self._random.choice(self._owners).short_job(self._stage)
            case _:
                await asyncio.sleep(self._random.random() / 20)

    async def _watch(self) -> None:
        person = self._random.choice(self._people)
        document = self._random.choice([JOB_FEED, ALL, ONE_JOB])
        variables = {}
        if document is ONE_JOB:
            variables["id"] = self._random.choice(self._owners).job_id
        if self._random.random() < 0.6:
            variables["after"] = self._random.choice(self.cursors)
        feed = await person.begin(document, **variables)
        self.open.append(Watched(person, document, variables, feed))
        self.cursors += [event["cursor"] for event in self._some_event()]

    def _some_event(self) -> list[Any]:
        """Return one event of all that anybody was shown, if there is any."""
        seen = self._random.choice(self.open).feed.seen
        return [self._random.choice(seen)] if seen else []
