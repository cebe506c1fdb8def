"""A parsed design in the graph: its tree, its layers in one list, its pictures."""

from typing import Any

import httpx
import pytest

from tests.client import Client, GraphQLErrors
from tests.integration.conftest import Parsed
from tests.integration.pictures import IMAGE, check_picture, check_preview

TREE = """
query ($id: ID!) {
  psdDocument(id: $id) {
    width height colorMode bitDepth isLarge dpi iccProfile layerCount fonts
    file { id filename }
    job { id status result { ... on PsdDocument { id } } }
    tree {
      name
      parent { name }
      children {
        name
        parent { name document { id } }
        children { name }
      }
    }
  }
}
"""
LAYERS = f"""
query (
  $id: ID!, $first: Int! = 100, $after: String,
  $kind: [PsdLayerKind!], $visible: Boolean
) {{
  psdDocument(id: $id) {{
    layers(first: $first, after: $after, kind: $kind, visible: $visible) {{
      totalCount
      pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
      edges {{ cursor node {{ index }} }}
      nodes {{
        index name path depth kind visible opacity blendMode clipped hasMask
        hasVectorMask fidelity unsupported text {{ content }} effects {{ kind }}
        bounds {{ left top width height }}
        image {IMAGE}
        preview {IMAGE}
      }}
    }}
  }}
}}
"""


async def _page(client: Client, parsed: Parsed, **variables: Any) -> Any:
    answer = await client.ask(LAYERS, id=parsed.document_id, **variables)
    return answer["psdDocument"]["layers"]


async def test_the_tree_shows_the_topmost_layer_first(
    client: Client, parsed: Parsed
) -> None:
    document = (await client.ask(TREE, id=parsed.document_id))["psdDocument"]
    inside = {"name": "Group", "document": {"id": parsed.document_id}}
    assert document == {
        "width": 40,
        "height": 30,
        "colorMode": "RGB",
        "bitDepth": 8,
        "isLarge": False,
        "dpi": None,
        "iccProfile": None,
        "layerCount": 4,
        "fonts": [],
        "file": {"id": parsed.file_id, "filename": "small.psd"},
        "job": {
            "id": parsed.job_id,
            "status": "SUCCEEDED",
            "result": {"id": parsed.document_id},
        },
        "tree": [
            {
                "name": "Group",
                "parent": None,
                "children": [
                    {"name": "two", "parent": inside, "children": []},
                    {"name": "one", "parent": inside, "children": []},
                ],
            },
            {"name": "背景", "parent": None, "children": []},
        ],
    }


async def test_the_layers_come_by_index_with_all_that_the_file_says(
    client: Client, parsed: Parsed
) -> None:
    bottom, group, one, two = (await _page(client, parsed))["nodes"]
    assert [layer["index"] for layer in (bottom, group, one, two)] == [0, 1, 2, 3]
    assert (bottom["name"], bottom["path"], bottom["depth"]) == ("背景", ["背景"], 0)
    assert (group["kind"], group["blendMode"]) == ("GROUP", "pass through")
    assert group["image"] is group["preview"] is None
    assert group["bounds"] == {"left": -3, "top": 5, "width": 38, "height": 22}
    assert one["bounds"] == {"left": -3, "top": 5, "width": 8, "height": 6}
    assert (two["name"], two["path"], two["depth"]) == ("two", ["Group", "two"], 1)
    assert (two["kind"], two["visible"]) == ("PIXEL", False)
    assert two["opacity"] == pytest.approx(51 / 255)
    assert (two["blendMode"], two["fidelity"]) == ("linear dodge", "EXACT")
    assert (two["text"], two["effects"], two["unsupported"]) == (None, [], [])
    flags = two["clipped"], two["hasMask"], two["hasVectorMask"]
    assert flags == (False, False, False)
    async with httpx.AsyncClient() as http:
        await check_picture(http, two["image"], (5, 7))
        await check_preview(http, two["preview"], (5, 7))


@pytest.mark.parametrize(
    ("selection", "indexes"),
    [
        ({}, [0, 1, 2, 3]),
        ({"kind": ["PIXEL"]}, [0, 2, 3]),
        ({"kind": ["GROUP", "TEXT"]}, [1]),
        ({"kind": ["TEXT"]}, []),
        ({"kind": []}, []),
        ({"visible": True}, [0, 1, 2]),
        ({"visible": False}, [3]),
        ({"visible": True, "kind": ["PIXEL"]}, [0, 2]),
    ],
)
async def test_layers_are_selected_by_kind_and_visibility(
    selection: dict[str, Any], indexes: list[int], client: Client, parsed: Parsed
) -> None:
    page = await _page(client, parsed, **selection)
    assert [layer["index"] for layer in page["nodes"]] == indexes
    assert page["totalCount"] == len(indexes)


async def test_layers_are_paged(client: Client, parsed: Parsed) -> None:
    first = await _page(client, parsed, first=3)
    cursors = [edge["cursor"] for edge in first["edges"]]
    assert [edge["node"]["index"] for edge in first["edges"]] == [0, 1, 2]
    assert first["totalCount"] == 4
    assert first["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": cursors[0],
        "endCursor": cursors[2],
    }
    second = await _page(client, parsed, first=3, after=cursors[2])
    (last,) = second["edges"]
    assert last["node"]["index"] == 3
    assert second["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": last["cursor"],
        "endCursor": last["cursor"],
    }
    pixels = await _page(client, parsed, first=1, after=cursors[0], kind=["PIXEL"])
    assert [layer["index"] for layer in pixels["nodes"]] == [2]
    assert (pixels["totalCount"], pixels["pageInfo"]["hasNextPage"]) == (3, True)
    assert (await _page(client, parsed, first=1000))["totalCount"] == 4


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"first": 1001}, "`first` must be 0 to 1000; it is 1001."),
        ({"first": -1}, "`first` must be 0 to 1000; it is -1."),
        ({"after": "x"}, "`after` is not a cursor of this list."),
        ({"after": "LTE"}, "`after` is not a cursor of this list."),
        (
            {"after": "OTk5OTk5OTk5OTk5OTk5OTk5OTk"},
            "`after` is not a cursor of this list.",
        ),
        ({"after": ""}, "`after` is not a cursor of this list."),
    ],
)
async def test_a_page_that_cannot_be_is_refused(
    given: dict[str, Any], message: str, client: Client, parsed: Parsed
) -> None:
    with pytest.raises(GraphQLErrors) as refused:
        await _page(client, parsed, **given)
    (error,) = refused.value.errors
    assert error["message"] == message
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
