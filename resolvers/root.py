"""One schema from all features: a new one is a line in each of these lists."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import strawberry
from strawberry.tools import merge_types

from core.base import prefix_of
from core.errors import AppError, ErrorCode
from resolvers import (
    data_import,
    datasets,
    events,
    files,
    jobs,
    psd,
    psd_exports,
    users,
)
from resolvers.errors import MaskedSchema
from schema.context import Info
from schema.events import JOB_EVENT_TYPES
from schema.node import Node
from schema.paging import MAX_PAGE
from schema.scalars import strawberry_config

type LoadNode = Callable[[Info, str], Awaitable[Any]]

NODES: Final[dict[str, LoadNode]] = {
    **data_import.NODES,
    **datasets.NODES,
    **files.NODES,
    **jobs.NODES,
    **psd.NODES,
    **psd_exports.NODES,
    **users.NODES,
}


async def load_node(info: Info, node_id: str) -> Node | None:
    """Show anything that the caller may see, by its id."""
    load = NODES.get(prefix_of(node_id) or "")
    found: Node | None = await load(info, node_id) if load is not None else None
    return found


@strawberry.type
class NodesQuery:
    """Queries of anything by id."""

    @strawberry.field
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        """Anything, by its id."""
        return await load_node(info, id)

    @strawberry.field
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
        """Up to 100 things by their ids, in that order."""
        if len(ids) > MAX_PAGE:
            raise AppError(
                ErrorCode.BAD_USER_INPUT,
                f"`ids` holds {len(ids)}; at most {MAX_PAGE} are allowed.",
            )
        return await asyncio.gather(*(load_node(info, node_id) for node_id in ids))


Query = merge_types(
    "Query",
    (
        NodesQuery,
        users.UsersQuery,
        files.FilesQuery,
        jobs.JobsQuery,
        psd.PsdQuery,
        psd_exports.PsdExportsQuery,
        data_import.DataImportQuery,
        datasets.DatasetsQuery,
    ),
)
Mutation = merge_types(
    "Mutation",
    (
        files.FilesMutation,
        psd.PsdMutation,
        psd_exports.PsdExportsMutation,
        data_import.DataImportMutation,
        datasets.DatasetsMutation,
        jobs.JobsMutation,
    ),
)
Subscription = merge_types("Subscription", (events.EventsSubscription,))

schema = MaskedSchema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=JOB_EVENT_TYPES,
    config=strawberry_config(),
)
