"""The same bytes are parsed once for their owner."""

from pathlib import Path
from typing import Any

from tests.client import Client
from tests.integration.designs import noisy_design
from tests.integration.pictures import document_of
from tests.integration.test_deleting import DELETE_DOCUMENT
from tests.integration.watching import EVENTS, Subscriber


async def _watched(
    client: Client, file_id: str, **options: Any
) -> tuple[dict[str, Any], list[Any]]:
    job_id = (await client.parse(file_id, waitMs=0, **options))["job"]["id"]
    events = await client.watch(job_id)
    return await document_of(client, job_id), events


async def test_bytes_uploaded_again_give_the_same_document(
    client: Client, tmp_path: Path
) -> None:
    path = noisy_design(tmp_path / "twin.psd", 3, 33)
    first, told = await _watched(client, await client.upload(path))
    cursor = (await client.ask("{ eventCursor }"))["eventCursor"]
    second, told_again = await _watched(client, await client.upload(path), reuse=True)
    subject = "psd.preview.published"
    subscriber = Subscriber(client.base_url, EVENTS, subject=subject, after=cursor)
    (event,) = await subscriber.watch(until=lambda _event: True)
    assert event["payload"]["document_id"] == first["id"]
    assert {**second, "preview": None, "layers": None} == {
        **first,
        "preview": None,
        "layers": None,
    }
    kinds = [event["__typename"] for event in told_again]
    assert kinds.count("PsdPreviewReady") == 1
    assert kinds.count("PsdLayersExported") == 1
    assert kinds[-1] == "JobSucceeded"

    def layers(events: list[Any]) -> list[Any]:
        found = [one for event in events for one in event.get("layers", ())]
        return sorted(found, key=lambda layer: layer["index"])

    assert layers(told_again) == layers(told)
    assert len(layers(told)) == 3


async def test_other_options_and_a_wish_to_parse_anew_are_no_twins(
    client: Client, tmp_path: Path
) -> None:
    file_id = await client.upload(noisy_design(tmp_path / "alone.psd", 2, 34))
    first, _ = await _watched(client, file_id)
    anew, _ = await _watched(client, file_id)
    bare, _ = await _watched(client, file_id, reuse=True, exportLayers=False)
    again, _ = await _watched(client, file_id, reuse=True, exportLayers=False)
    assert len({first["id"], anew["id"], bare["id"]}) == 3
    assert again["id"] == bare["id"]


async def test_a_twin_that_was_deleted_is_parsed_again(
    client: Client, tmp_path: Path
) -> None:
    file_id = await client.upload(noisy_design(tmp_path / "late.psd", 2, 35))
    first, _ = await _watched(client, file_id)
    await client.ask(DELETE_DOCUMENT, id=first["id"])
    second, _ = await _watched(client, file_id, reuse=True)
    assert second["id"] != first["id"]
    assert second["layers"]["totalCount"] == 2
