"""SQL that merges the rows of one import, staged before, into a target's table.

Under the target's lock: nobody else writes there. Plain statements over whole tables;
the key's columns are never null, so that joins on them can hash.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from features.data_import.staging_crud import LONG, STAGING, Driver, quoted, run
from features.data_import.utils.declaring import Target


class Merge(NamedTuple):
    """A target's table, the columns that the file has, and whose rows they are."""

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
        """The condition that `s`, a staged row, and `t` have the same key."""
        return " and ".join(
            f"t.{quoted(name)} = {self.value(name)}" for name in self.target.key
        )

    def value(self, name: str) -> str:
        """Return what a staged row `s` has in a column."""
        is_missing = name in self.target.key and name not in self.columns
        return "''" if is_missing else f"s.{quoted(name)}"


async def insert_rest(driver: Driver, merge: Merge) -> int:
    """Insert the staged rows that are neither known nor duplicates; return how many."""
    names = ", ".join(quoted(name) for name in merge.columns)
    values = ", ".join(merge.value(name) for name in merge.columns)
    return await run(
        driver,
        f"insert into {merge.table} (id, import_id, {names}) overriding system value "
        f"select s.id, s.import_id, {values} from {STAGING} s "
        "where not exists (select from import_known k where k.new_id = s.id) "
        "and not exists (select from import_duplicates d where d.id = s.id)",
    )


async def find_known(driver: Driver, merge: Merge) -> int:
    """Find the rows that the table has of other imports, by key; return how many.

    Of staged rows with the same key the first.
    """
    return await run(
        driver,
        f"insert into import_known select t.id, min(s.id) from {STAGING} s "
        f"join {merge.table} t on {merge.same_key} and t.import_id <> s.import_id "
        "group by t.id",
    )


async def reject_known(driver: Driver, merge: Merge, *, only_own: bool) -> int:
    """Note the staged rows whose key the table has; return how many.

    Where it has it of this import, an earlier row of the file has it. `only_own` notes
    no others.
    """
    own = "t.import_id = s.import_id"
    return await run(
        driver,
        f"insert into import_duplicates select s.id, case when {own} then t.id end, "
        f"{_key(merge)} from {STAGING} s join {merge.table} t on {merge.same_key}"
        + f" and {own}" * only_own,
    )


async def reject_repeated(driver: Driver, merge: Merge) -> int:
    """Note the staged rows whose key an earlier one of them has; return how many.

    Not those that are noted already.
    """
    values = [merge.value(name) for name in merge.copied_key]
    places = range(len(values))
    keys = ", ".join(f"{values[at]} as k{at}" for at in places)
    same = " and ".join(f"{values[at]} = f.k{at}" for at in places)
    return await run(
        driver,
        f"insert into import_duplicates select s.id, f.first_id, {_key(merge)} "
        f"from {STAGING} s join (select {keys}, min(s.id) as first_id "
        f"from {STAGING} s group by {', '.join(values)} having count(*) > 1) f on {same} "
        "where s.id > f.first_id and not exists (select from import_duplicates d "
        "where d.id = s.id)",
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
        f"join {STAGING} s on s.id = k.new_id where t.id = k.id",
        merge.import_id,
    )


def _key(merge: Merge) -> str:
    values = (merge.value(name) for name in merge.copied_key)
    return f"array[{', '.join(values)}]::text[]"
