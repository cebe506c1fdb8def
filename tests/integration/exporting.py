"""Asking for exports, and what the graph shows of them."""

from typing import Any, Final

from tests.client import Client
from tests.integration.pictures import IMAGE

EXPORT_PSD: Final = """
mutation ($input: ExportPsdInput!) {
  exportPsd(input: $input) {
    job {
      id
      kind
      status
      error { code message retryable }
      result { __typename ... on PsdExport { id } }
    }
    cursor
    userErrors { field code message }
  }
}
"""
EXPORT: Final = f"""
query ($id: ID!) {{
  psdExport(id: $id) {{
    id
    format
    createdAt
    expiresAt
    document {{ id }}
    job {{ id status }}
    archive {{ url expiresAt contentType size sha256 }}
    pictures(first: 1000) {{
      totalCount
      nodes {{ name scale fidelity unsupported layer {{ id }} image {IMAGE} }}
    }}
  }}
}}
"""
LAYERS: Final = """
query ($id: ID!) {
  psdDocument(id: $id) {
    width
    height
    layers(first: 1000) { nodes { id kind bounds { width height } } }
  }
}
"""


async def ask_export(client: Client, document_id: str, **options: Any) -> Any:
    """Start an export; return the mutation's payload."""
    asked = {"documentId": document_id, **options}
    return (await client.ask(EXPORT_PSD, input=asked))["exportPsd"]


async def exported(client: Client, document_id: str, **options: Any) -> Any:
    """Export to the end; return the export."""
    payload = await ask_export(client, document_id, waitMs=0, **options)
    assert payload["userErrors"] == []
    job_id = payload["job"]["id"]
    events = await client.watch(job_id, payload["cursor"])
    assert events[-1]["__typename"] == "JobSucceeded", events[-1]
    query = "query ($id: ID!) { job(id: $id) { result { ... on PsdExport { id } } } }"
    result = (await client.ask(query, id=job_id))["job"]["result"]
    return await export_of(client, result["id"])


async def export_of(client: Client, export_id: str) -> Any:
    """Return an export with all its pictures."""
    return (await client.ask(EXPORT, id=export_id))["psdExport"]


async def document_layers(client: Client, document_id: str) -> Any:
    """Return a document's size and its layers."""
    return (await client.ask(LAYERS, id=document_id))["psdDocument"]
