"""What everything with an id has in common."""

import strawberry


@strawberry.interface
class Node:
    """Anything that can be fetched again by its id."""

    id: strawberry.ID
