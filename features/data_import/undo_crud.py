"""SQL that takes back what an import did to a target's table."""

from features.data_import.merge_crud import Merge
from features.data_import.staging_crud import LONG, Driver, quoted, run


async def count_touched(driver: Driver, merge: Merge) -> int:
    """Return how many rows an import was the last to touch."""
    count: int = await driver.fetchval(
        f"select count(*) from {merge.table} where import_id = $1",
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


async def delete_inserted(driver: Driver, merge: Merge) -> int:
    """Delete the rows that are left as an import's; return how many."""
    return await run(
        driver, f"delete from {merge.table} where import_id = $1", merge.import_id
    )
