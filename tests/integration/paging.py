"""Lists read page by page, each page held to what it says of itself."""

from typing import Any, Final

from tests.client import Client

PAGE: Final = """
query ($first: Int! = 20, $after: String) {
  %s(first: $first, after: $after) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { id createdAt%s } }
    nodes { id }
  }
}
"""
# What the time in a list's order is called where it is not createdAt.
TIMES: Final = {"deadLetters": ": at"}


async def page_of(client: Client, name: str, **variables: Any) -> Any:
    """Return one page of a list."""
    return (await client.ask(PAGE % (name, TIMES.get(name, "")), **variables))[name]


async def walk(client: Client, name: str, first: int) -> list[Any]:
    """Return a whole list, read in pages of `first` rows."""
    rows: list[Any] = []
    after = None
    while True:
        page = await page_of(client, name, first=first, after=after)
        edges, info = page["edges"], page["pageInfo"]
        rows += [edge["node"] for edge in edges]
        assert [node["id"] for node in page["nodes"]] == [
            edge["node"]["id"] for edge in edges
        ]
        assert info["hasPreviousPage"] == (after is not None)
        assert info["startCursor"] == edges[0]["cursor"]
        assert info["endCursor"] == edges[-1]["cursor"]
        assert info["hasNextPage"] == (len(rows) < page["totalCount"])
        if not info["hasNextPage"]:
            return rows
        assert len(edges) == first
        after = info["endCursor"]
