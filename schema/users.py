"""People in the graph."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from features.users.models import User as UserRow
from schema.node import Node


@strawberry.enum
class Role(Enum):
    """What a person may do."""

    ADMIN = "ADMIN"
    MEMBER = "MEMBER"


@strawberry.type
class User(Node):
    """A person."""

    email: str
    name: str
    role: Role
    disabled: bool
    created_at: datetime

    @classmethod
    def of(cls, row: UserRow) -> Self:
        """Show a row."""
        return cls(
            id=strawberry.ID(row.id),
            email=row.email,
            name=row.name,
            role=Role(row.role),
            disabled=row.disabled,
            created_at=row.created_at,
        )
