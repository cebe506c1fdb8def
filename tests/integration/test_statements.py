"""However much a query shows, it costs the same number of SQL statements."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.database_async import Database
from tests.client import Client
from tests.integration.gateway import gateway
from tests.integration.rows import add_dead_letters, add_documents, add_imports
from tests.integration.statements import statements

LAYERS = 10
DOCUMENTS = 100
PREVIEWS = """
query ($first: Int!) {
  psdDocuments(first: $first) {
    nodes { id layers(first: 10) { nodes { name preview { url width height } } } }
  }
}
"""
IDS = "{ psdDocuments(first: 100) { nodes { id } } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
EVERYTHING = """
query ($first: Int!) {
  psdDocuments(first: $first) {
    totalCount
    nodes {
      file { filename }
      job {
        status
        createdBy { name }
        retryOf { id }
        retriedAs { id }
        result { ... on PsdDocument { id } }
      }
      image { url }
      preview { url }
      tree { name children { name } }
      layers(first: 10) {
        totalCount
        nodes {
          name
          document { width }
          parent { name }
          children { name }
          image { url }
          preview { url }
        }
      }
    }
  }
}
"""
EXPORTS = """
query ($first: Int!) {
  psdDocuments(first: $first) {
    nodes {
      exports(first: 2) {
        totalCount
        nodes { archive { url } pictures(first: 2) { nodes { name image { url } } } }
      }
    }
  }
}
"""
IMPORTS = """
query ($first: Int!) {
  importRecords(first: $first) {
    totalCount
    nodes {
      id
      file { filename }
      job { status }
      dataset { name }
      duplicateOf { id }
      errors(first: 2) { totalCount nodes { id row } }
      errorReport { url }
    }
  }
}
"""
DEAD_LETTERS = """
query ($first: Int!) {
  deadLetters(first: $first) {
    totalCount
    nodes { id at reason message job { id createdBy { name } retriedAs { id } } }
  }
}
"""


@pytest.fixture
async def designs(
    monkeypatch: pytest.MonkeyPatch,
    database: Database,
    migrated_url: str,
    nats_url: str,
    tmp_path: Path,
) -> AsyncIterator[tuple[Client, Database]]:
    """Serve a hundred documents from this process, and a dead letter of each job."""
    await add_dead_letters(database, await add_documents(database, DOCUMENTS, LAYERS))
    async with gateway(monkeypatch, migrated_url, nats_url, tmp_path) as serving:
        async with Client(serving.base_url) as client:
            yield client, serving.container.get(Database)


async def test_a_hundred_documents_cost_as_many_statements_as_ten(
    designs: tuple[Client, Database],
) -> None:
    client, database = designs
    for query, number in ((PREVIEWS, 3), (EVERYTHING, 13)):
        for first in (DOCUMENTS, 10):
            with statements(database) as sent:
                answer = await client.ask(query, first=first)
            nodes = answer["psdDocuments"]["nodes"]
            layers = [layer for node in nodes for layer in node["layers"]["nodes"]]
            assert (len(nodes), len(layers)) == (first, first * LAYERS)
            assert all(layer["preview"]["url"] for layer in layers)
            assert len(sent) == number, "\n\n".join(sent)
    ids = [node["id"] for node in (await client.ask(IDS))["psdDocuments"]["nodes"]]
    with statements(database) as sent:
        found = await client.ask(NODES, ids=ids)
    assert [node["id"] for node in found["nodes"]] == ids
    assert len(sent) == 1


async def test_a_hundred_exports_cost_as_many_statements_as_ten(
    designs: tuple[Client, Database],
) -> None:
    client, database = designs
    for first in (DOCUMENTS, 10):
        with statements(database) as sent:
            answer = await client.ask(EXPORTS, first=first)
        nodes = answer["psdDocuments"]["nodes"]
        exports = [one for node in nodes for one in node["exports"]["nodes"]]
        assert len(exports) == first
        assert all(one["archive"]["url"] for one in exports)
        pictures = [one for export in exports for one in export["pictures"]["nodes"]]
        assert [one["name"] for one in pictures] == ["layer 0.png"] * first
        assert all(one["image"]["url"] for one in pictures)
        assert len(sent) == 6, "\n\n".join(sent)


async def test_a_hundred_imports_cost_as_many_statements_as_ten(
    designs: tuple[Client, Database],
) -> None:
    client, database = designs
    await add_imports(database, DOCUMENTS)
    for first in (DOCUMENTS, 10):
        with statements(database) as sent:
            answer = (await client.ask(IMPORTS, first=first))["importRecords"]
        nodes = answer["nodes"]
        assert (len(nodes), answer["totalCount"]) == (first, DOCUMENTS)
        earlier = [one["duplicateOf"] and one["duplicateOf"]["id"] for one in nodes]
        assert earlier[: first - 1] == [one["id"] for one in nodes[1:]]
        assert all(len(one["errors"]["nodes"]) == 2 for one in nodes)
        assert all(one["errorReport"]["url"] for one in nodes)
        assert len(sent) == 8, "\n\n".join(sent)
    ids = [one["errors"]["nodes"][0]["id"] for one in nodes]
    with statements(database) as sent:
        found = await client.ask(NODES, ids=ids)
    assert [node["id"] for node in found["nodes"]] == ids
    assert len(sent) == 2


async def test_a_hundred_dead_letters_cost_as_many_statements_as_ten(
    designs: tuple[Client, Database],
) -> None:
    client, database = designs
    for first in (DOCUMENTS, 10):
        with statements(database) as sent:
            answer = (await client.ask(DEAD_LETTERS, first=first))["deadLetters"]
        assert (len(answer["nodes"]), answer["totalCount"]) == (first, DOCUMENTS)
        assert len({letter["job"]["id"] for letter in answer["nodes"]}) == first
        assert len(sent) == 5, "\n\n".join(sent)
    ids = [letter["id"] for letter in answer["nodes"]]
    with statements(database) as sent:
        found = await client.ask(NODES, ids=ids)
    assert [node["id"] for node in found["nodes"]] == ids
    assert len(sent) == 1
