"""People: who they are and who is calling."""

from collections.abc import Sequence

from core.database_async import Database
from core.security import Caller
from features.users import crud
from features.users.models import LOCAL_ADMINISTRATOR_ID, User


class UsersService:
    """Reads people. Each call is one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_ids(self, ids: Sequence[str]) -> dict[str, User]:
        """Return the users that exist, by id."""
        async with self._database.statement() as session:
            return {user.id: user for user in await crud.by_ids(session, ids)}

    def local_caller(self) -> Caller:
        """Return the built-in local administrator, who calls where no auth is set up."""
        return Caller(user_id=LOCAL_ADMINISTRATOR_ID, is_admin=True)
