"""Asking for imports, and what the graph shows of them."""

from pathlib import Path
from typing import Any, Final

import httpx

from tests.client import Client

IMPORT_DATA: Final = """
mutation ($input: ImportDataInput!) {
  importData(input: $input) {
    job {
      id
      kind
      status
      error { code message retryable }
      result { __typename ... on ImportRecord { id } }
    }
    cursor
    userErrors { field code message }
  }
}
"""
RECORD: Final = """
query ($id: ID!, $first: Int! = 50, $after: String) {
  importRecord(id: $id) {
    id
    file { filename }
    job { id status }
    target
    mode
    dryRun
    rowsRead
    rowsInserted
    rowsUpdated
    rowsRejected
    undoneAt
    duplicateOf { id }
    dataset { id name rowCount columns { name type } }
    errors(first: $first, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { id row column value code message }
    }
    errorReport { url contentType size sha256 }
  }
}
"""
DATASET: Final = """
query ($id: ID!, $first: Int! = 100, $after: String) {
  dataset(id: $id) {
    id
    name
    target
    rowCount
    columns { name type }
    rows(first: $first, after: $after) {
      nodes { values }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
PREVIEW: Final = """
query ($fileId: ID!, $target: String, $read: ReadOptionsInput) {
  importPreview(fileId: $fileId, target: $target, read: $read) {
    preview {
      sheets
      encoding
      delimiter
      headerRow
      columns { heading type mapsTo samples }
      rows
    }
    userErrors { field code message }
  }
}
"""
UNDO: Final = """
mutation ($id: ID!) {
  undoImport(importId: $id) {
    importRecord { id undoneAt }
    userErrors { field code message }
  }
}
"""
DELETE: Final = """
mutation ($id: ID!) {
  deleteDataset(id: $id) { deletedId userErrors { field code message } }
}
"""
IMPORT_EVENTS: Final = """
subscription ($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) {
    __typename
    cursor
    at
    job {
      status
      attempt
      error { code message retryable }
      progress { fraction stage done total etaSeconds message }
    }
    ... on ImportRowsRejected {
      rejected
      errors { id row column value code message }
    }
  }
}
"""
TARGETS: Final = "{ importTargets { name columns { name } } }"
COUNTS: Final = ("rowsRead", "rowsInserted", "rowsUpdated", "rowsRejected")


async def upload_text(client: Client, path: Path, text: str) -> str:
    """Upload a text; return the file's id."""
    path.write_text(text, encoding="utf-8")
    return await client.upload(path)


async def ask_import(client: Client, file_id: str, **options: Any) -> Any:
    """Start an import; return the mutation's payload."""
    asked = {"fileId": file_id, "waitMs": 0, **options}
    return (await client.ask(IMPORT_DATA, input=asked))["importData"]


async def watch_import(client: Client, payload: Any) -> list[Any]:
    """Return all events of an import that was asked for, when it has ended."""
    assert payload["userErrors"] == [], payload
    events = client.subscribe(
        IMPORT_EVENTS, id=payload["job"]["id"], after=payload["cursor"]
    )
    return [data["jobEvents"] async for data in events]


async def record_of_job(client: Client, job_id: str) -> Any:
    """Return the record that is a job's result."""
    query = (
        "query ($id: ID!) { job(id: $id) { result { ... on ImportRecord { id } } } }"
    )
    found = (await client.ask(query, id=job_id))["job"]["result"]
    return await record_of(client, found["id"])


async def record_of(client: Client, import_id: str, **page: Any) -> Any:
    """Return an import's record."""
    return (await client.ask(RECORD, id=import_id, **page))["importRecord"]


async def imported(client: Client, file_id: str, **options: Any) -> Any:
    """Import to the good end; return the record."""
    payload = await ask_import(client, file_id, **options)
    events = await watch_import(client, payload)
    assert events[-1]["__typename"] == "JobSucceeded", events[-1]
    record = await record_of_job(client, payload["job"]["id"])
    read, *parts = counts(record)
    assert read == sum(parts)
    return record


def counts(record: Any) -> list[int]:
    """Return how many rows were read, inserted, updated and rejected."""
    return [record[name] for name in COUNTS]


async def rows_of(client: Client, dataset_id: str) -> list[Any]:
    """Return the first hundred rows of a dataset."""
    dataset = (await client.ask(DATASET, id=dataset_id))["dataset"]
    return [row["values"] for row in dataset["rows"]["nodes"]]


async def download(artifact: Any) -> bytes:
    """Return a report's bytes."""
    async with httpx.AsyncClient(timeout=30) as http:
        answer = await http.get(artifact["url"])
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == artifact["size"]
    return answer.content


async def empty_orders(client: Client) -> None:
    """Delete all orders, as an administrator may."""
    found = await client.ask("{ datasets(first: 100) { nodes { id target } } }")
    for one in found["datasets"]["nodes"]:
        if one["target"] == "orders":
            answer = await client.ask(DELETE, id=one["id"])
            assert answer["deleteDataset"]["userErrors"] == []
