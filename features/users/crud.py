"""SQL for people."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from core.database_async import among
from features.users.models import User


async def by_ids(session: AsyncSession, ids: Sequence[str]) -> Sequence[User]:
    """Return the users with these ids, in no order."""
    return (await session.scalars(select(User).where(among(col(User.id), ids)))).all()
