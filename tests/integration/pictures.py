"""What the graph shows of a parsed design, and its pictures as they are downloaded."""

import io
from typing import Any, Final

import httpx
from PIL import Image

from tests.client import Client

IMAGE: Final = "{ url expiresAt contentType width height size }"
DOCUMENT: Final = f"""
query ($id: ID!) {{
  job(id: $id) {{
    status
    result {{
      ... on PsdDocument {{
        id
        width
        height
        layerCount
        image {IMAGE}
        preview {IMAGE}
        layers(first: 1000) {{
          totalCount
          nodes {{
            id
            index
            kind
            fidelity
            bounds {{ width height }}
            image {IMAGE}
            preview {IMAGE}
          }}
        }}
      }}
    }}
  }}
}}
"""
PREVIEW_SIDE: Final = 512
FORMATS: Final = {"image/png": "PNG", "image/webp": "WEBP"}


async def document_of(client: Client, job_id: str) -> dict[str, Any]:
    """Return the document of a job that has SUCCEEDED."""
    job = (await client.ask(DOCUMENT, id=job_id))["job"]
    assert job["status"] == "SUCCEEDED"
    document: dict[str, Any] = job["result"]
    return document


async def check_picture(
    http: httpx.AsyncClient, picture: dict[str, Any], size: tuple[int, int]
) -> None:
    """Download a full-size picture: a PNG with the size that is told."""
    assert picture["contentType"] == "image/png"
    assert (picture["width"], picture["height"]) == size
    await _check_download(http, picture)


async def check_preview(
    http: httpx.AsyncClient, preview: dict[str, Any], size: tuple[int, int]
) -> None:
    """Download a preview: the shape of the whole, 512 pixels at most on a side."""
    scale = min(1.0, PREVIEW_SIDE / max(size))
    expected = [max(1, round(side * scale)) for side in size]
    assert [preview["width"], preview["height"]] == expected
    await _check_download(http, preview)


async def _check_download(http: httpx.AsyncClient, picture: dict[str, Any]) -> None:
    answer = await http.get(picture["url"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == picture["contentType"]
    assert len(answer.content) == picture["size"]
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.format == FORMATS[picture["contentType"]]
        assert image.size == (picture["width"], picture["height"])
        image.load()
