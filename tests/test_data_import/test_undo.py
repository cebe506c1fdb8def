"""Imports are taken back whole, or not at all."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.base import new_id
from core.database_async import Database
from core.errors import AppError, ErrorCode
from features.data_import import staging_crud
from features.data_import.datasets import DatasetsService
from features.data_import.models import ImportMode, Merged, target_dataset_id
from features.data_import.undoing import UndoService
from tests import databases
from tests.test_data_import.warehouse import (
    ADMINISTRATOR,
    ORDERS,
    Row,
    Warehouse,
    copy_and_merge,
)

A = ("A", "x", "paid", 1)
B = ("B", "x", "paid", 2)
C = ("C", "x", "sent", 3)


@pytest.fixture
def undoing(database: Database) -> UndoService:
    return UndoService(database)


async def refused(undoing: UndoService, import_id: str, caller: Any = None) -> str:
    """Return why an import is not taken back; nothing may have changed."""
    warehouse = Warehouse(undoing._database)
    before = await warehouse.everything()
    with pytest.raises(AppError) as caught:
        await undoing.undo(caller or ADMINISTRATOR, import_id)
    assert await warehouse.everything() == before
    return f"{caught.value.code}: {caught.value.message}"


async def test_an_append_is_taken_back(
    warehouse: Warehouse, undoing: UndoService
) -> None:
    await warehouse.append([A])
    second = await warehouse.append([A, B, C])
    record = await undoing.undo(ADMINISTRATOR, second.import_id)
    assert record.undone_at is not None
    assert (await warehouse.reread(second.import_id)).undone_at == record.undone_at
    assert await warehouse.orders() == [A]
    assert await warehouse.select("select row_count from datasets") == [(1,)]
    assert await refused(undoing, second.import_id) == (
        "CONFLICT: This import has been taken back already."
    )


async def test_an_import_whose_ids_are_not_known_is_taken_back(
    warehouse: Warehouse, undoing: UndoService
) -> None:
    await warehouse.append([A])
    stored = await warehouse.append([("A", "x", None, 9), B, C], mode=ImportMode.UPSERT)
    await warehouse.select("update imports set first_id = null returning id")
    await undoing.undo(ADMINISTRATOR, stored.import_id)
    assert await warehouse.orders() == [A]


async def test_an_upsert_is_taken_back_to_the_last_digit(
    warehouse: Warehouse, undoing: UndoService
) -> None:
    await warehouse.append([A, B])
    await warehouse.select(
        "update orders set unit_price = 19.9900, paid_at = '2024-02-29 23:59:59.123456Z',"
        " product = E'a\\n\"b\"\\\\ 牛' where sku = 'x' returning id"
    )
    before = await warehouse.select("select * from orders order by id")
    stored = await warehouse.append([("A", "x", None, 9), C], mode=ImportMode.UPSERT)
    assert stored.merged == Merged(1, 1, 0)
    await undoing.undo(ADMINISTRATOR, stored.import_id)
    after = await warehouse.select("select * from orders order by id")
    assert str(after) == str(before)
    assert await warehouse.select("select * from import_previous") == []


async def test_what_a_later_import_touched_is_not_taken_back(
    warehouse: Warehouse, undoing: UndoService
) -> None:
    first = await warehouse.append([A, B, C])
    later = await warehouse.append([A], mode=ImportMode.UPSERT)
    assert await refused(undoing, first.import_id) == (
        "CONFLICT: 1 of the 3 rows of this import have been changed or deleted since. "
        "Take back the later imports first."
    )
    await undoing.undo(ADMINISTRATOR, later.import_id)
    await undoing.undo(ADMINISTRATOR, first.import_id)
    assert await warehouse.orders() == []


async def test_a_replace_cannot_be_taken_back(
    warehouse: Warehouse, undoing: UndoService
) -> None:
    first = await warehouse.append([A, B])
    replaced = await warehouse.append([C], mode=ImportMode.REPLACE)
    assert await refused(undoing, replaced.import_id) == (
        "CONFLICT: A REPLACE cannot be taken back: what was there before is gone. "
        "Import the former file again."
    )
    assert "2 of the 2 rows" in await refused(undoing, first.import_id)


async def test_what_has_stored_nothing_is_not_taken_back(
    warehouse: Warehouse, undoing: UndoService
) -> None:
    dry = await warehouse.append([A], dry_run=True)
    begun = await warehouse.record()
    assert await refused(undoing, dry.import_id) == (
        "CONFLICT: This was a dry run: there is nothing to take back."
    )
    assert await refused(undoing, begun.id) == (
        "CONFLICT: This import has stored nothing that could be taken back."
    )


@pytest.mark.parametrize("unknown", ["", "import_1", "another's", new_id("import")[:6]])
async def test_only_ones_own_is_taken_back(
    warehouse: Warehouse, undoing: UndoService, unknown: str
) -> None:
    stored = await warehouse.append([A])
    import_id = stored.import_id if unknown == "another's" else unknown
    stranger = await warehouse.person()
    said = "NOT_FOUND: There is no such import."
    assert await refused(undoing, import_id, stranger) == said


async def test_a_dataset_goes_with_its_import(
    warehouse: Warehouse, undoing: UndoService
) -> None:
    owner = await warehouse.person()
    stored = await warehouse.append([A, B], target=None, caller=owner)
    again = await warehouse.append([A, B], target=None, caller=owner)
    record = await undoing.undo(owner, stored.import_id)
    assert record.dataset_id is None
    assert len(await warehouse.tables()) == 1
    kept = (await warehouse.reread(again.import_id)).dataset_id
    assert await warehouse.select("select id from datasets") == [(kept,)]
    assert kept is not None
    await DatasetsService(warehouse.database).delete(owner, kept)
    assert await refused(undoing, again.import_id, owner) == (
        "CONFLICT: Its dataset has been deleted already."
    )


async def test_an_undo_waits_for_imports_of_its_target(
    warehouse: Warehouse, undoing: UndoService
) -> None:
    first = await warehouse.append([A, B])
    second = await warehouse.record(mode=ImportMode.UPSERT)
    async with warehouse.storing(second) as storing:
        await copy_and_merge(storing, second, [A])
        undo = asyncio.create_task(undoing.undo(ADMINISTRATOR, first.import_id))
        done, _ = await asyncio.wait({undo}, timeout=0.3)
        assert not done
    with pytest.raises(AppError) as caught:
        await undo
    assert caught.value.code is ErrorCode.CONFLICT
    assert await warehouse.orders() == [A, B]


async def test_an_undo_does_not_wait_for_a_long_import(
    warehouse: Warehouse, undoing: UndoService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging_crud, "PATIENCE_MILLISECONDS", 100)
    first = await warehouse.append([A])
    second = await warehouse.record()
    async with warehouse.storing(second) as storing:
        await copy_and_merge(storing, second, [B])
        with pytest.raises(AppError) as caught:
            await undoing.undo(ADMINISTRATOR, first.import_id)
    assert caught.value.code is ErrorCode.CONFLICT
    assert caught.value.message == (
        "An import into Orders is running. Try again when it has ended."
    )
    await undoing.undo(ADMINISTRATOR, first.import_id)
    assert await warehouse.orders() == [B]


class Model:
    """The table as a dictionary: what each key holds, and who touched it last."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[Any, str]] = {}
        self.undo: dict[str, tuple[set[str], dict[str, tuple[Any, str]]] | None] = {}

    def store(self, name: str, mode: ImportMode, rows: Sequence[Row]) -> Merged:
        """Do what an import does; return its counts."""
        inserted: set[str] = set()
        previous: dict[str, tuple[Any, str]] = {}
        if mode is ImportMode.REPLACE:
            self.rows = {}
        for key, _, status, quantity in rows:
            known = self.rows.get(key)
            if known is None:
                inserted.add(key)
            elif mode is ImportMode.UPSERT and known[1] != name:
                previous[key] = known
            else:
                continue
            self.rows[key] = ((status, quantity), name)
        undoable = mode is not ImportMode.REPLACE
        self.undo[name] = (inserted, previous) if undoable else None
        counts = len(inserted), len(previous)
        return Merged(*counts, len(rows) - sum(counts))

    def take_back(self, name: str) -> bool:
        """Do what an undo does; False where it must refuse."""
        known = self.undo[name]
        if known is None:
            return False
        inserted, previous = known
        touched = {key for key, (_, last) in self.rows.items() if last == name}
        if touched != inserted | set(previous):
            return False
        for key in inserted:
            del self.rows[key]
        self.rows |= previous
        self.undo[name] = None
        return True

    def orders(self) -> list[Row]:
        """Return what the table must hold, by key."""
        return [(key, "x", *held) for key, (held, _) in sorted(self.rows.items())]


ROWS = st.lists(
    st.tuples(
        st.sampled_from("ABCD"),
        st.just("x"),
        st.sampled_from(["paid", "sent", None]),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=6,
)
# Mostly what lets the story go on; an undo is mostly that of the last import.
MODES = st.sampled_from([*3 * [ImportMode.UPSERT], *ImportMode])
IMPORTS = st.tuples(MODES, ROWS)
UNDOS = st.sampled_from([-1, -1, -1, -2, 0])
STEPS = st.lists(st.one_of(IMPORTS, IMPORTS, UNDOS), min_size=3, max_size=9)


@given(steps=STEPS)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_table_is_what_a_dictionary_says(migrated_url: str, steps: Any) -> None:
    asyncio.run(_follow(migrated_url, steps))


async def _follow(url: str, steps: Sequence[Any]) -> None:
    await databases.empty(url)
    database = Database(url, pool_size=2)
    try:
        await _live(Warehouse(database), UndoService(database), steps)
    finally:
        await database.close()


async def _live(
    warehouse: Warehouse, undoing: UndoService, steps: Sequence[Any]
) -> None:
    model = Model()
    names: list[str] = []
    for step in steps:
        if not isinstance(step, int):
            mode, rows = step
            stored = await warehouse.append(rows, mode=mode, columns=ORDERS)
            names.append(stored.import_id)
            assert stored.merged == model.store(stored.import_id, mode, rows)
            assert len(stored.duplicates) == stored.merged.duplicates
        elif names:
            await _take_back(undoing, model, names.pop(step % len(names)))
        assert await warehouse.orders() == model.orders()
    await _count_is(warehouse, len(model.rows) if model.undo else None)


async def _take_back(undoing: UndoService, model: Model, name: str) -> None:
    if model.take_back(name):
        await undoing.undo(ADMINISTRATOR, name)
    else:
        assert (await refused(undoing, name)).startswith("CONFLICT")


async def _count_is(warehouse: Warehouse, count: int | None) -> None:
    query = f"select row_count from datasets where id = '{target_dataset_id('orders')}'"
    expected = [] if count is None else [(count,)]
    assert await warehouse.select(query) == expected
