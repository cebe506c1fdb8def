"""What a shared execution shows: nothing of who watches, all in order, however slow."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLNamedType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

from core.security import Caller
from features.psd.services import PsdService
from resolvers.root import schema
from tests.client import Client
from tests.integration.people import Stage
from tests.integration.watching import JOB_EVENTS
from tests.test_jobs.bench import ADMINISTRATOR
from tests.test_psd.documents import small_document

pytestmark = pytest.mark.timeout(180)

GRAPH = schema._schema
WITHOUT_LAYERS = JOB_EVENTS.replace("... on PsdLayersExported", "# ")


class Nameless(Caller):
    """An administrator who must not be asked for a name."""

    def __init__(self) -> None:
        object.__setattr__(self, "is_admin", True)

    @property
    def user_id(self) -> str:
        """Refuse."""
        raise AssertionError("a shared execution knows nobody's name")

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Nameless)


class Everything:
    """A selection with every field of every type that an event leads to, each once."""

    def __init__(self) -> None:
        self.fields: set[str] = set()

    def of(self, type_: GraphQLNamedType) -> str:
        """Select all of a type that has not been selected yet."""
        own = self._own(type_)
        if is_abstract_type(type_):
            possible = GRAPH.get_possible_types(type_)
            common = getattr(type_, "fields", {})
            self.fields |= {f"{one.name}.{name}" for one in possible for name in common}
            own += [f"... on {one.name} {self.of(one)}" for one in possible]
        return f"{{ {' '.join(own) or '__typename'} }}"

    def _own(self, type_: GraphQLNamedType) -> list[str]:
        fields: dict[str, GraphQLField] = getattr(type_, "fields", {})
        new = [name for name in fields if f"{type_.name}.{name}" not in self.fields]
        self.fields |= {f"{type_.name}.{name}" for name in new}
        return [self._field(name, fields[name]) for name in new]

    def _field(self, name: str, field: GraphQLField) -> str:
        arguments = "(first: 1)" if "first" in field.args else ""
        type_ = get_named_type(field.type)
        return name + arguments + ("" if is_leaf_type(type_) else self.of(type_))


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("jobEvents", "(id: $id, after: $after)"),
        ("jobFeed", "(after: $after, delivery: ALL)"),
        ("events", '(subject: "psd.>", after: $after)'),
    ],
)
async def test_no_field_asks_who_watches(
    stage: Stage,
    design: Path,
    monkeypatch: pytest.MonkeyPatch,
    field: str,
    arguments: str,
) -> None:
    everything = Everything()
    root = GRAPH.subscription_type
    assert root is not None
    selection = everything.of(get_named_type(root.fields[field].type))
    assert selection.count("createdBy") == selection.count("tree") == 1
    variables = "$after: EventCursor" + (", $id: ID!" if "$id" in arguments else "")
    document = f"subscription ({variables}) {{ {field}{arguments} {selection} }}"
    job_id, after = await _parsed(stage, design)
    monkeypatch.setattr(Caller, "as_viewer", lambda _caller: Nameless())
    async with stage.person() as person:
        given = {"id": job_id} if "$id" in arguments else {}
        feeds = [await person.begin(document, after=after, **given) for _ in range(2)]
        for feed in feeds:
            events = await feed.until(lambda event: '"SUCCEEDED"' in json.dumps(event))
            assert {event["job"]["createdBy"]["id"] for event in events} == {
                ADMINISTRATOR.user_id
            }
            assert all(event["job"]["id"] == job_id for event in events)


async def _parsed(stage: Stage, design: Path) -> tuple[str, str]:
    """Have a design parsed; return the job's id and the mutation's cursor."""
    async with Client(stage.gateway.base_url) as client:
        started = await client.parse(await client.upload(design), waitMs=0)
    job_id: str = started["job"]["id"]
    with stage.site.plant.worker():
        await stage.site.has(job_id, "SUCCEEDED")
    await stage.site.statuses(job_id)
    return job_id, started["cursor"]


@pytest.fixture
def design(tmp_path: Path) -> Path:
    """Give a small design."""
    path = tmp_path / "small.psd"
    small_document().save(path)
    return path


class Slow:
    """Layers that are not read before a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads = 0
        self.go = asyncio.Event()
        self._read = PsdService.layers
        monkeypatch.setattr(PsdService, "layers", self._layers())

    def _layers(self) -> Any:
        async def layers(service: PsdService, ids: Sequence[str]) -> Any:
            self.reads += 1
            await self.go.wait()
            return await self._read(service, ids)

        return layers


async def test_what_takes_time_holds_back_what_is_behind_it_for_those_who_ask_it(
    stage: Stage, design: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    async with stage.person() as first, stage.person() as second:
        async with Client(stage.gateway.base_url) as client:
            started = await client.parse(await client.upload(design), waitMs=0)
        job_id, after = started["job"]["id"], started["cursor"]
        people = [first, second]
        feeds = [
            await person.begin(JOB_EVENTS, id=job_id, after=after)
            for person in people * 3
        ]
        quick = await first.begin(WITHOUT_LAYERS, id=job_id, after=after)
        with stage.site.plant.worker():
            whole = await quick.end()
        place = [event["__typename"] for event in whole].index("PsdLayersExported")
        for feed in feeds:
            held = await feed.count(place)
            assert held == whole[:place]
            assert len(feed.results) == place
        late = await second.begin(JOB_EVENTS, id=job_id, after=after)
        await late.count(place)
        await second.leave(feeds[1])
        slow.go.set()
        told = [await feed.end() for feed in (feeds[0], *feeds[2:], late)]
        assert len(feeds[1].results) == place
    exported = [e for e in whole if e["__typename"] == "PsdLayersExported"]
    assert [_without_layers(events) for events in told] == [whole] * 6
    for events in told:
        layers = [layer for e in events for layer in e.get("layers", ())]
        assert sorted(layer["index"] for layer in layers) == [0, 2, 3]
    # The late one came when the others' result was no longer to be shared.
    assert len(exported) <= slow.reads <= 2 * len(exported) + 1


def _without_layers(events: list[Any]) -> list[Any]:
    return [{k: v for k, v in event.items() if k != "layers"} for event in events]
