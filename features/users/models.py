"""People."""

from enum import StrEnum
from typing import Final

from sqlmodel import Field

from core.base import TimestampMixin, new_id

LOCAL_ADMINISTRATOR_ID: Final = "user_00000000000070008000000000000001"


class Role(StrEnum):
    """What a person may do: administrators see everything, members their own."""

    ADMIN = "ADMIN"
    MEMBER = "MEMBER"


class User(TimestampMixin, table=True):
    """A person. The local administrator is made by the migrations."""

    __tablename__ = "users"

    id: str = Field(default_factory=lambda: new_id("user"), primary_key=True)
    email: str = Field(unique=True)
    name: str
    role: str = Role.MEMBER.value
    disabled: bool = False
