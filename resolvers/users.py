"""Root fields of people."""

import strawberry

from schema.context import Info
from schema.users import User


async def load_user(info: Info, user_id: str) -> User | None:
    """Show a person that the caller may see."""
    row = await info.context.loaders.users.load(user_id)
    if row is None or not info.context.caller.may_see(row.id):
        return None
    return User.of(row)


NODES = {"user": load_user}


@strawberry.type
class UsersQuery:
    """Queries of people."""

    @strawberry.field
    async def viewer(self, info: Info) -> User | None:
        """Who is calling."""
        return await load_user(info, info.context.caller.user_id)
