"""Dead letters as administrators see them, and as nobody else does."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from core.base import new_id
from core.database_async import Database
from core.security import Caller
from core.validators import is_id
from features.jobs.models import DeadLetter
from tests.client import Client, GraphQLErrors
from tests.integration.gateway import Gateway, gateway
from tests.integration.paging import page_of, walk
from tests.integration.rows import add_dead_letters, add_documents

LETTERS = "{ deadLetters { nodes { id at reason message job { id status } } } }"
NODES = """
query ($id: ID!, $ids: [ID!]!) {
  node(id: $id) { __typename ... on DeadLetter { id reason job { id } } }
  nodes(ids: $ids) { id }
}
"""


class Served(NamedTuple):
    """A gateway of this process, and its dead letters, newest first."""

    client: Client
    letters: list[DeadLetter]
    gateway: Gateway


@pytest.fixture
async def served(
    monkeypatch: pytest.MonkeyPatch,
    database: Database,
    migrated_url: str,
    nats_url: str,
    tmp_path: Path,
) -> AsyncIterator[Served]:
    """Serve some dead letters; every fifth names no job."""
    jobs = await add_documents(database, 26, 1)
    named = [job if number % 5 else None for number, job in enumerate(jobs)]
    letters = await add_dead_letters(database, named)
    async with gateway(monkeypatch, migrated_url, nats_url, tmp_path) as serving:
        async with Client(serving.base_url) as client:
            yield Served(client, letters, serving)


@pytest.mark.parametrize("first", [1, 7, 26, 100])
async def test_they_come_in_pages_newest_first(served: Served, first: int) -> None:
    rows = await walk(served.client, "deadLetters", first)
    assert [row["id"] for row in rows] == [letter.id for letter in served.letters]
    assert (await page_of(served.client, "deadLetters"))["totalCount"] == 26


async def test_each_shows_what_was_found_and_its_job(served: Served) -> None:
    nodes = (await served.client.ask(LETTERS))["deadLetters"]["nodes"]
    assert nodes == [
        {
            "id": letter.id,
            "at": letter.at.isoformat().replace("+00:00", "Z"),
            "reason": letter.reason,
            "message": letter.message,
            "job": (
                {"id": letter.job_id, "status": "SUCCEEDED"}
                if letter.job_id is not None
                else None
            ),
        }
        for letter in served.letters[:20]
    ]
    assert {node["job"] is None for node in nodes} == {True, False}


async def test_each_is_found_by_its_id(served: Served) -> None:
    letter = next(one for one in served.letters if one.job_id is not None)
    assert is_id("deadletter", letter.id)
    unknown = new_id("deadletter")
    found = await served.client.ask(NODES, id=letter.id, ids=[unknown, letter.id])
    job = {"id": letter.job_id}
    assert found == {
        "node": {
            "__typename": "DeadLetter",
            "id": letter.id,
            "reason": letter.reason,
            "job": job,
        },
        "nodes": [None, {"id": letter.id}],
    }


async def test_there_are_none_for_a_member(served: Served) -> None:
    served.gateway.call_as(Caller(new_id("user"), is_admin=False))
    letter_id = served.letters[0].id
    assert await served.client.ask(LETTERS) == {"deadLetters": None}
    found = await served.client.ask(NODES, id=letter_id, ids=[letter_id])
    assert found == {"node": None, "nodes": [None]}
    with pytest.raises(GraphQLErrors) as refused:
        await page_of(served.client, "deadLetters", first=101)
    [error] = refused.value.errors
    assert error["message"] == "`first` must be 0 to 100; it is 101."
