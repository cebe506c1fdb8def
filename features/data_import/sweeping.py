"""What imports leave behind where their worker is out of reach."""

from loguru import logger

from core.database_async import Database
from features.data_import import staging_crud


class ImportSweeper:
    """Frees import targets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def end_orphans(self) -> None:
        """End transactions that hold a target, or a table, for a job that has ended."""
        async with self._database.transaction() as session:
            ended = await staging_crud.end_orphans(
                await staging_crud.driver_of(session)
            )
        if ended:
            logger.warning("{} transactions of ended imports were left over", ended)
