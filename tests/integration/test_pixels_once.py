"""The same pixels are stored once for their owner, and stay while anything shows them."""

from pathlib import Path
from typing import Any

import asyncpg
import httpx
import numpy as np
from PIL import Image
from psd_tools import PSDImage

from tests.client import Client
from tests.integration.conftest import database_url
from tests.integration.pictures import document_of
from tests.integration.test_deleting import DELETE_DOCUMENT
from tests.running import Running

IMAGES = """
select l.image_id from psd_layers l where l.document_id = $1 order by l.index
"""
LASTING = "select id from stored_objects where id = any($1) and expires_at is null"


def _design(path: Path, seeds: list[int]) -> Path:
    """Write a PSD with a layer of noise for each seed: the same seed, the same pixels."""
    document = PSDImage.new("RGBA", (40, 40))
    for place, seed in enumerate(seeds):
        noise = np.random.default_rng(seed).integers(0, 256, (20, 20, 4), np.uint8)
        layer = document.create_pixel_layer(Image.fromarray(noise), top=place)
        layer.name = f"layer {place}"
    document.save(path)
    return path


async def _parsed(client: Client, path: Path) -> dict[str, Any]:
    file_id = await client.upload(path)
    job_id = (await client.parse(file_id, waitMs=0))["job"]["id"]
    await client.watch(job_id)
    return await document_of(client, job_id)


async def _ask(running: Running, query: str, *values: Any) -> list[Any]:
    connection = await asyncpg.connect(database_url(running.data_dir))
    try:
        return [row[0] for row in await connection.fetch(query, *values)]
    finally:
        await connection.close()


async def test_layers_with_the_same_pixels_share_an_image(
    running: Running, client: Client, tmp_path: Path
) -> None:
    first = await _parsed(client, _design(tmp_path / "a.psd", [71, 72, 71, 71]))
    second = await _parsed(client, _design(tmp_path / "b.psd", [73, 71, 72]))
    of_first = await _ask(running, IMAGES, first["id"])
    of_second = await _ask(running, IMAGES, second["id"])
    assert of_first[0] == of_first[2] == of_first[3] != of_first[1]
    assert of_second[1:] == of_first[:2]
    assert of_second[0] not in of_first


async def test_an_image_stays_while_another_document_shows_it(
    running: Running, client: Client, tmp_path: Path
) -> None:
    first = await _parsed(client, _design(tmp_path / "a.psd", [81, 82]))
    second = await _parsed(client, _design(tmp_path / "b.psd", [83, 81]))
    shared, alone = await _ask(running, IMAGES, first["id"])
    await client.ask(DELETE_DOCUMENT, id=first["id"])
    assert await _ask(running, LASTING, [shared, alone]) == [shared]
    url = second["layers"]["nodes"][1]["image"]["url"]
    async with httpx.AsyncClient(base_url=running.base_url) as http:
        assert (await http.get(url)).status_code == 200
    third = await _parsed(client, _design(tmp_path / "c.psd", [81, 82]))
    again, _ = await _ask(running, IMAGES, third["id"])
    assert again == shared
