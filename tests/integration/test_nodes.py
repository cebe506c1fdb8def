"""`node` and `nodes`: anything by its id, and nothing by what is none."""

from typing import Any

import pytest

from features.users.models import LOCAL_ADMINISTRATOR_ID
from tests.client import Client, GraphQLErrors
from tests.integration.conftest import Parsed

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
BY_TYPE = """
query ($id: ID!) {
  job(id: $id) { id }
  psdDocument(id: $id) { id }
}
"""
LAYERS = "query ($id: ID!) { psdDocument(id: $id) { layers { nodes { id } } } }"
NOTHING = [
    "",
    "job",
    "job_",
    "job_1",
    "job_00000000000070008000000000000009",
    "file_00000000000070008000000000000009",
    "psd_00000000000070008000000000000009",
    "layer_00000000000070008000000000000009",
    "user_00000000000070008000000000000009",
    "deadletter_00000000000070008000000000000009",
    "outbox_00000000000070008000000000000009",
    "object_00000000000070008000000000000009",
    "export_00000000000070008000000000000009",
    "picture_00000000000070008000000000000009",
    "import_00000000000070008000000000000009",
    "importerror_00000000000070008000000000000009",
    "dataset_00000000000070008000000000000009",
    "nothing_00000000000070008000000000000009",
    "JOB_00000000000070008000000000000009",
    "job_0000000000007000800000000000000９",
    "job_00000000-0000-7000-8000-000000000009",
    "\0",
    "' or 1=1 --",
    "x" * 100_000,
]


async def _all_ids(client: Client, parsed: Parsed) -> dict[str, str]:
    document = (await client.ask(LAYERS, id=parsed.document_id))["psdDocument"]
    return {
        "User": LOCAL_ADMINISTRATOR_ID,
        "SourceFile": parsed.file_id,
        "Job": parsed.job_id,
        "PsdDocument": parsed.document_id,
        "PsdLayer": document["layers"]["nodes"][0]["id"],
    }


async def test_anything_is_found_by_its_id(client: Client, parsed: Parsed) -> None:
    for kind, node_id in (await _all_ids(client, parsed)).items():
        found = (await client.ask(NODE, id=node_id))["node"]
        assert found == {"__typename": kind, "id": node_id}


@pytest.mark.parametrize("node_id", NOTHING, ids=lambda value: ascii(value)[:45])
async def test_nothing_is_found_by_what_is_no_id(node_id: str, client: Client) -> None:
    assert await client.ask(NODE, id=node_id) == {"node": None}
    nothing = {"job": None, "psdDocument": None}
    assert await client.ask(BY_TYPE, id=node_id) == nothing


async def test_a_field_of_one_type_finds_no_other(
    client: Client, parsed: Parsed
) -> None:
    ids = await _all_ids(client, parsed)
    found = {kind: await client.ask(BY_TYPE, id=ids[kind]) for kind in ids}
    document, job = {"id": parsed.document_id}, {"id": parsed.job_id}
    nothing: dict[str, Any] = {"job": None, "psdDocument": None}
    assert found.pop("Job") == {"job": job, "psdDocument": None}
    assert found.pop("PsdDocument") == {"job": None, "psdDocument": document}
    assert all(answer == nothing for answer in found.values())


async def test_nodes_keep_their_order_with_holes_for_what_is_not_there(
    client: Client, parsed: Parsed
) -> None:
    ids = list((await _all_ids(client, parsed)).values())
    wanted = [ids[4], "job_1", ids[0], ids[2], ids[2], NOTHING[4], ids[3], ids[1]]
    found = (await client.ask(NODES, ids=wanted))["nodes"]
    shown = [node["id"] if node else None for node in found]
    assert shown == [ids[4], None, ids[0], ids[2], ids[2], None, ids[3], ids[1]]


async def test_nodes_are_at_most_a_hundred(client: Client, parsed: Parsed) -> None:
    assert await client.ask(NODES, ids=[]) == {"nodes": []}
    found = (await client.ask(NODES, ids=[parsed.job_id] * 100))["nodes"]
    assert found == [{"__typename": "Job", "id": parsed.job_id}] * 100
    with pytest.raises(GraphQLErrors) as refused:
        await client.ask(NODES, ids=[parsed.job_id] * 101)
    (error,) = refused.value.errors
    assert error["message"] == "`ids` holds 101; at most 100 are allowed."
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
