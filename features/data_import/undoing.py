"""Taking an import back, where nothing has touched its rows since."""

from core.base import utc_now, uuid_of
from core.database_async import Database, Session
from core.errors import AppError, ErrorCode
from core.security import Caller
from core.validators import is_id
from features.data_import import crud, dataset_crud, staging_crud, undo_crud
from features.data_import.exceptions import import_not_found
from features.data_import.merge_crud import Merge
from features.data_import.models import ImportMode, ImportRecord
from features.data_import.staging_crud import Driver
from features.data_import.targets import TARGETS


class UndoService:
    """Takes imports back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def undo(self, caller: Caller, import_id: str) -> ImportRecord:
        """Take back what an import did; return its record, with `undone_at`.

        AppError NOT_FOUND; CONFLICT where it cannot be taken back, with the reason.
        """
        if not is_id("import", import_id):
            raise import_not_found()
        async with self._database.transaction() as session:
            known = await crud.records_by_ids(session, [import_id])
            if not known or not caller.may_see(known[0].owner_id):
                raise import_not_found()
            # Locks in an import's own order: the target, then the record.
            driver = await staging_crud.driver_of(session)
            if known[0].target is not None:
                await staging_crud.lock_target_soon(driver, TARGETS[known[0].target])
            record = await crud.lock_record(session, import_id)
            if record is None:
                raise import_not_found()
            check_undoable(record)
            await self._take_back(session, driver, record)
            record.undone_at = utc_now()
            await session.flush()
        return record

    async def _take_back(
        self, session: Session, driver: Driver, record: ImportRecord
    ) -> None:
        if record.target is None:
            dataset = await dataset_crud.lock(session, record.dataset_id or "")
            if dataset is None:
                raise _conflict("Its dataset has been deleted already.")
            await dataset_crud.drop(session, dataset)
            record.dataset_id = None
            return
        merge = Merge(TARGETS[record.target], (), uuid_of(record.id))
        await _check_untouched(driver, merge, record)
        restored = await undo_crud.restore(driver, merge)
        await undo_crud.forget(driver, merge)
        deleted = await undo_crud.delete_inserted(driver, merge, record.first_id)
        if (restored, deleted) != (record.rows_updated, record.rows_inserted):
            raise RuntimeError(f"{restored} and {deleted} rows of {record!r}")
        await dataset_crud.grow_target(session, record.target, -deleted)


def check_undoable(record: ImportRecord) -> None:
    """Raise CONFLICT where a record alone tells that its import cannot be taken back."""
    if record.undone_at is not None:
        raise _conflict("This import has been taken back already.")
    if record.dry_run:
        raise _conflict("This was a dry run: there is nothing to take back.")
    if record.stored_at is None:
        raise _conflict("This import has stored nothing that could be taken back.")
    if record.mode == ImportMode.REPLACE:
        raise _conflict(
            "A REPLACE cannot be taken back: what was there before is gone. Import the "
            "former file again."
        )


async def _check_untouched(driver: Driver, merge: Merge, record: ImportRecord) -> None:
    touched = record.rows_inserted + record.rows_updated
    left = await undo_crud.count_touched(driver, merge, record.first_id)
    if left != touched:
        raise _conflict(
            f"{touched - left} of the {touched} rows of this import have been changed or "
            "deleted since. Take back the later imports first."
        )


def _conflict(message: str) -> AppError:
    return AppError(ErrorCode.CONFLICT, message, field=("importId",))
