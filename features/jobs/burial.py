"""Dead letters of messages that no worker understood."""

from core.database_async import Database
from core.nats import RelayWaker
from features.jobs import transitions


class Burial:
    """Stores messages that name no job, and publishes an event for each."""

    def __init__(self, database: Database, wake: RelayWaker) -> None:
        self._database = database
        self._wake = wake

    async def bury(self, message: bytes, reason: str) -> None:
        """Store one message with the reason why it cannot be worked on."""
        async with self._database.transaction() as session:
            await transitions.bury(session, reason, message, None)
        await self._wake()
