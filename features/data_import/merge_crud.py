"""SQL that merges the rows of one import, copied before, into a target's table.

Under the target's lock: nobody else writes there. Plain statements over whole tables;
the key's columns are never null, so that joins on them can hash.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from features.data_import.staging_crud import LONG, STAGING, Driver, quoted, run
from features.data_import.utils.declaring import Target
from features.data_import.utils.types import ROW

SAMPLE: Final = 1000
_NOT_LEFT_OUT: Final = f"""
where not exists (select from import_known k where k.{ROW} = s.{ROW})
and not exists (select from import_duplicates d where d.{ROW} = s.{ROW})
"""


class Merge(NamedTuple):
    """A target's table, the columns that were copied, and whose rows they are."""

    target: Target
    columns: Sequence[str]
    import_id: UUID

    @property
    def table(self) -> str:
        """The target's table, quoted."""
        return quoted(self.target.table)

    @property
    def changing(self) -> list[str]:
        """The columns that an update writes, beside `import_id`."""
        return [name for name in self.columns if name not in self.target.key]

    @property
    def copied_key(self) -> list[str]:
        """The key's columns that the file has, in order."""
        return [name for name in self.target.key if name in self.columns]

    @property
    def same_key(self) -> str:
        """The condition that `s`, a copied row, and `t` have the same key."""
        return " and ".join(
            f"t.{quoted(name)} = {self.value(name)}" for name in self.target.key
        )

    def value(self, name: str) -> str:
        """Return what a copied row `s` has in a column."""
        if name not in self.target.key:
            return f"s.{quoted(name)}"
        return f"coalesce(s.{quoted(name)}, '')" if name in self.columns else "''"


async def insert_all(driver: Driver, merge: Merge) -> int | None:
    """Insert all copied rows; None, and nothing inserted, where a key is there twice.

    Most files have none twice, and to ask for each row would cost as much again.
    """
    if await _knows_some(driver, merge):
        return None
    await run(driver, "savepoint import_all")
    try:
        return await _insert(driver, merge, "")
    except asyncpg.UniqueViolationError:
        await run(driver, "rollback to savepoint import_all")
        return None


async def insert_rest(driver: Driver, merge: Merge) -> int:
    """Insert the copied rows that are neither known nor duplicates; return how many."""
    return await _insert(driver, merge, _NOT_LEFT_OUT)


async def find_known(driver: Driver, merge: Merge) -> int:
    """Find the rows that the table has, by key; return how many of them.

    Of copied rows with the same key the first.
    """
    return await run(
        driver,
        f"insert into import_known select t.id, min(s.{ROW}) from {STAGING} s "
        f"join {merge.table} t on {merge.same_key} group by t.id",
    )


async def reject_known(driver: Driver, merge: Merge) -> int:
    """Note the copied rows whose key the table has; return how many."""
    return await run(
        driver,
        f"insert into import_duplicates select s.{ROW}, null, {_key(merge)} "
        f"from {STAGING} s join {merge.table} t on {merge.same_key}",
    )


async def reject_repeated(driver: Driver, merge: Merge) -> int:
    """Note the copied rows whose key an earlier row of the file has; return how many.

    Not those that are noted already.
    """
    values = [merge.value(name) for name in merge.copied_key]
    places = range(len(values))
    keys = ", ".join(f"{values[at]} as k{at}" for at in places)
    same = " and ".join(f"{values[at]} = f.k{at}" for at in places)
    return await run(
        driver,
        f"insert into import_duplicates select s.{ROW}, f.first_row, {_key(merge)} "
        f"from {STAGING} s join (select {keys}, min(s.{ROW}) as first_row "
        f"from {STAGING} s group by {', '.join(values)} having count(*) > 1) f on {same} "
        f"where s.{ROW} > f.first_row and not exists (select from import_duplicates d "
        f"where d.{ROW} = s.{ROW})",
    )


async def update_known(driver: Driver, merge: Merge) -> int:
    """Keep what the known rows hold, for undo, and overwrite it; return how many."""
    await run(driver, "analyze import_known")
    kept = ", ".join(f"t.{quoted(name)}" for name in ["import_id", *merge.changing])
    await run(
        driver,
        "insert into import_previous "
        f"select $1, t.id, (select to_jsonb(p) from (select {kept}) p) "
        f"from {merge.table} t join import_known k on k.id = t.id",
        merge.import_id,
    )
    changes = "".join(f", {quoted(name)} = s.{quoted(name)}" for name in merge.changing)
    return await run(
        driver,
        f"update {merge.table} t set import_id = $1{changes} from import_known k "
        f"join {STAGING} s on s.{ROW} = k.{ROW} where t.id = k.id",
        merge.import_id,
    )


async def _knows_some(driver: Driver, merge: Merge) -> bool:
    """Tell whether the table has a key of the first copied rows."""
    known: bool = await driver.fetchval(
        f"select exists (select from (select * from {STAGING} limit {SAMPLE}) s "
        f"join {merge.table} t on {merge.same_key})",
        timeout=LONG,
    )
    return known


async def _insert(driver: Driver, merge: Merge, where: str) -> int:
    """Insert copied rows; their ids follow their order in the file."""
    names = ", ".join(quoted(name) for name in merge.columns)
    values = ", ".join(merge.value(name) for name in merge.columns)
    return await run(
        driver,
        f"insert into {merge.table} (id, import_id, {names}) overriding system value "
        f"select $2 + s.{ROW}, $1, {values} from {STAGING} s {where}",
        merge.import_id,
        await _reserve(driver, merge),
    )


async def _reserve(driver: Driver, merge: Merge) -> int:
    """Reserve an id for each copied row; return the one before the first.

    To ask the sequence for each of them takes a tenth of the time of the insert.
    """
    start: int = await driver.fetchval(
        "select setval(s, nextval(s) + n) - n from pg_get_serial_sequence($1, 'id') s, "
        f"(select coalesce(max({ROW}), 0) as n from {STAGING}) rows",
        merge.target.table,
        timeout=LONG,
    )
    return start


def _key(merge: Merge) -> str:
    values = (merge.value(name) for name in merge.copied_key)
    return f"array[{', '.join(values)}]::text[]"
