"""What came out of a design, for a person at a terminal."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from workers.demo.queries import GRAPHIQL

Json = dict[str, Any]


@dataclass
class _Node:
    layer: Json
    children: list["_Node"] = field(default_factory=list)


def print_summary(console: Console, document: Json, seconds: float) -> None:
    """Print the document's facts and its layers, topmost first as in Photoshop."""
    console.print()
    console.print(_facts(document, seconds))
    if preview := document["preview"]:
        size = f"{preview['width']} x {preview['height']} px"
        console.print(f"[bold]Preview[/]  {size}, at")
        console.print(preview["url"], markup=False, highlight=False, soft_wrap=True)
    console.print()
    console.print(_layers(document["layers"]["nodes"]))


def print_links(console: Console, base_url: str, document_id: str) -> None:
    """Print GraphiQL's address, and a link that has the result's query in it."""
    variables = msgspec.json.encode({"id": document_id}).decode()
    link = f"{base_url}/graphql?query={quote(GRAPHIQL)}&variables={quote(variables)}"
    console.print()
    console.print(f"GraphiQL: {base_url}/graphql", highlight=False)
    console.print("This design in GraphiQL:", highlight=False)
    console.print(link, markup=False, highlight=False, soft_wrap=True)


def _facts(document: Json, seconds: float) -> Table:
    kinds = Counter(layer["kind"] for layer in document["layers"]["nodes"])
    rows = {
        "File": f"{document['file']['filename']}, {document['file']['size'] / 1e6:.1f} MB",
        "Size": f"{document['width']} x {document['height']} px"
        + (f", {document['dpi']:g} dpi" if document["dpi"] else ""),
        "Colours": f"{document['colorMode']}, {document['bitDepth']} bits"
        + (f", {document['iccProfile']}" if document["iccProfile"] else ""),
        "Layers": f"{document['layerCount']}: "
        + ", ".join(f"{count} {_words(kind)}" for kind, count in kinds.most_common()),
        "Fonts": ", ".join(document["fonts"]) or "none",
        "Time": f"{_parse_seconds(document['job']):.1f} s to parse, "
        f"{seconds:.1f} s from upload to result",
    }
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, escape(value))
    return table


def _layers(layers: list[Json]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Layer", no_wrap=True, overflow="ellipsis")
    table.add_column("Kind", no_wrap=True)
    table.add_column("Left, top", justify="right", no_wrap=True)
    table.add_column("Size", justify="right", no_wrap=True)
    for layer in topmost_first(layers):
        box = layer["bounds"]
        sign = "▾ " if layer["kind"] == "GROUP" else "↳ " if layer["clipped"] else ""
        table.add_row(
            "  " * layer["depth"] + sign + escape(layer["name"]),
            ", ".join(_traits(layer)),
            f"{box['left']}, {box['top']}",
            f"{box['width']} x {box['height']}",
            style="" if layer["visible"] else "dim",
        )
    return table


def topmost_first(layers: list[Json]) -> Iterator[Json]:
    """Turn layers by index (bottom first, a group before its layers) upside down."""
    root = _Node({})
    path = [root]
    for layer in layers:
        node = _Node(layer)
        del path[layer["depth"] + 1 :]
        path[-1].children.append(node)
        path.append(node)
    stack = list(root.children)
    while stack:
        node = stack.pop()
        yield node.layer
        stack.extend(node.children)


def _traits(layer: Json) -> list[str]:
    traits = [_words(layer["kind"])]
    traits += ["mask"] if layer["hasMask"] else []
    return traits + ([] if layer["visible"] else ["hidden"])


def _words(constant: str) -> str:
    return constant.lower().replace("_", " ")


def _parse_seconds(job: Json) -> float:
    if not job["startedAt"] or not job["finishedAt"]:
        return 0.0
    began, ended = map(datetime.fromisoformat, (job["startedAt"], job["finishedAt"]))
    return (ended - began).total_seconds()
