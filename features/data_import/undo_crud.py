"""SQL that takes back what an import did to a target's table.

`first_id` is the import's; where it is None, the whole table is searched for its rows.
"""

from features.data_import.merge_crud import Merge
from features.data_import.models import IDS_OF_ONE_IMPORT
from features.data_import.staging_crud import LONG, Driver, quoted, run


async def count_touched(driver: Driver, merge: Merge, first_id: int | None) -> int:
    """Return how many rows an import was the last to touch: its own, and updated ones."""
    count: int = await driver.fetchval(
        "select count(*) from ("
        f"select id from {merge.table} where import_id = $1{_own(first_id)} "
        f"union select t.id from import_previous p join {merge.table} t "
        "on t.id = p.row_id where p.import_id = $1 and t.import_id = $1) touched",
        merge.import_id,
        timeout=LONG,
    )
    return count


async def restore(driver: Driver, merge: Merge) -> int:
    """Give the rows that an import has updated what they held; return how many."""
    kept = await driver.fetchval(
        "select array(select jsonb_object_keys(previous)) from import_previous "
        "where import_id = $1 limit 1",
        merge.import_id,
        timeout=LONG,
    )
    if kept is None:
        return 0
    names = [quoted(name) for name in kept]
    held = ", ".join(f"p.{name}" for name in names)
    # Of a temporary table's size PostgreSQL knows; of one import's part it does not.
    await run(
        driver,
        f"create temp table import_held on commit drop as select i.row_id, {held} "
        "from import_previous i cross join lateral "
        f"jsonb_populate_record(null::{merge.table}, i.previous) p "
        f"where i.import_id = '{merge.import_id}'",
    )
    await run(driver, "analyze import_held")
    changes = ", ".join(f"{name} = h.{name}" for name in names)
    return await run(
        driver,
        f"update {merge.table} t set {changes} from import_held h where t.id = h.row_id",
    )


async def forget(driver: Driver, merge: Merge) -> None:
    """Forget what undo would need."""
    await run(
        driver, "delete from import_previous where import_id = $1", merge.import_id
    )


async def delete_inserted(driver: Driver, merge: Merge, first_id: int | None) -> int:
    """Delete the rows that are left as an import's; return how many."""
    return await run(
        driver,
        f"delete from {merge.table} where import_id = $1{_own(first_id)}",
        merge.import_id,
    )


def _own(first_id: int | None) -> str:
    """Return the condition, if any, that a row has an id that the import was given."""
    if first_id is None:
        return ""
    return f" and id > {first_id:d} and id <= {first_id + IDS_OF_ONE_IMPORT:d}"
