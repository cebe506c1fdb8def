"""What is in a real design, as the graph tells it."""

import hashlib
from pathlib import Path
from typing import Any

import httpx
from psd_tools import PSDImage
from psd_tools.api.layers import SmartObjectLayer

from tests.client import Client

LOGO = "Aspose.PSD-f__LogoOutside.psd"
COMPS = "psd.js__example.psd"
DETAILS = """
query ($id: ID!) {
  job(id: $id) {
    status
    result {
      ... on PsdDocument {
        guides { orientation position }
        slices { name origin bounds { left top width height } url altText message }
        layerComps {
          name comment isApplied
          capturesVisibility capturesPosition capturesAppearance
          states { visible offset { x y } layer { index name } }
        }
        swatches { color layerCount }
        layers(first: 100) {
          nodes {
            name kind fill line
            artboard { bounds { left top width height } preset background }
            smartObject {
              uniqueId kind name mediaType size width height corners { x y }
              file { url expiresAt filename contentType size sha256 }
            }
            text {
              content orientation shape transform warp
              box { left top width height }
              runs {
                text font size color fauxBold fauxItalic underline strikethrough
                caps tracking leading baselineShift
              }
              paragraphs {
                text alignment firstLineIndent startIndent endIndent
                spaceBefore spaceAfter
              }
            }
          }
        }
      }
    }
  }
}
"""


async def _details(client: Client, path: Path, **options: Any) -> dict[str, Any]:
    answer = await client.parse(await client.upload(path), waitMs=0, **options)
    job_id = answer["job"]["id"]
    await client.watch(job_id, answer["cursor"])
    job = (await client.ask(DETAILS, id=job_id))["job"]
    assert job["status"] == "SUCCEEDED"
    found: dict[str, Any] = job["result"]
    return found


def _of_kind(document: dict[str, Any], kind: str) -> dict[str, Any]:
    layers = document["layers"]["nodes"]
    found: dict[str, Any] = next(layer for layer in layers if layer["kind"] == kind)
    return found


async def test_a_design_is_told_in_all_its_details(
    client: Client, corpus: Path
) -> None:
    document = await _details(client, corpus / "psd" / LOGO)
    assert document["guides"] == [
        {"orientation": "VERTICAL", "position": 15.0},
        {"orientation": "VERTICAL", "position": 265.78125},
    ]
    whole = {"left": 0, "top": 0, "width": 510, "height": 400}
    words = {"name": None, "url": None, "altText": None, "message": None}
    assert document["slices"] == [{"origin": "AUTO", "bounds": whole} | words]
    assert document["layerComps"] == []
    assert document["swatches"] == [
        {"color": "#000000", "layerCount": 1},
        {"color": "#ffffff", "layerCount": 1},
    ]
    artboard = _of_kind(document, "ARTBOARD")["artboard"]
    assert artboard == {"bounds": whole, "preset": None, "background": "#ffffff"}
    text = _of_kind(document, "TEXT")["text"]
    assert (text["orientation"], text["shape"], text["warp"]) == (
        *("HORIZONTAL", "BOX", None),
    )
    assert text["box"] == {"left": 0, "top": 0, "width": 414.62756, "height": 29.96259}
    assert [(run["font"], run["size"], run["leading"]) for run in text["runs"]] == [
        ("FormaDJRDisplay-Regular", 18.0, 24.0),
        ("MyriadPro-Regular", 18.0, 24.0),
    ]
    assert [paragraph["alignment"] for paragraph in text["paragraphs"]] == ["LEFT"]


async def test_an_embedded_file_is_downloaded_as_it_is(
    client: Client, corpus: Path
) -> None:
    document = await _details(client, corpus / "psd" / LOGO)
    placed = _of_kind(document, "SMART_OBJECT")["smartObject"]
    file = placed["file"]
    name = "_logo_HP_Electric_Blue_keyline_HEX.png"
    assert (placed["kind"], placed["name"], placed["mediaType"]) == (
        *("EMBEDDED", name, "image/png"),
    )
    assert placed["corners"] == [
        {"x": x, "y": y} for x, y in ((25, 24), (65, 24), (65, 64), (25, 64))
    ]
    assert placed["size"] == file["size"] == 100_561
    assert (file["filename"], file["contentType"]) == (name, "image/png")
    (layer,) = (
        layer
        for layer in PSDImage.open(corpus / "psd" / LOGO).descendants()
        if isinstance(layer, SmartObjectLayer)
    )
    async with httpx.AsyncClient() as http:
        answer = await http.get(file["url"])
    assert answer.content == layer.smart_object.data
    assert file["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert answer.headers["content-disposition"] == (
        f"attachment; filename*=UTF-8''{name}"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "image/png"


async def test_without_exports_an_embedded_file_is_told_of_alone(
    client: Client, corpus: Path
) -> None:
    document = await _details(client, corpus / "psd" / LOGO, exportLayers=False)
    placed = _of_kind(document, "SMART_OBJECT")["smartObject"]
    assert (placed["size"], placed["file"]) == (100_561, None)


async def test_layer_comps_lead_to_their_layers(client: Client, corpus: Path) -> None:
    path = corpus / "psd" / COMPS
    document = await _details(client, path, exportLayers=False)
    comps = document["layerComps"]
    assert [comp["name"] for comp in comps] == ["Version A", "Version B", "Version C"]
    assert comps[1]["states"] == [
        {
            "visible": shown,
            "offset": None,
            "layer": {"index": index, "name": f"Version {name}"},
        }
        for shown, index, name in ((False, 0, "A"), (True, 4, "B"))
    ]
