"""What imports store: every row accounted for, all or nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.errors import AppError
from features.data_import import staging_crud, straight_crud
from features.data_import.models import DuplicateRow, ImportMode, ImportRecord, Merged
from features.data_import.storing import Storing
from features.data_import.sweeping import ImportSweeper
from features.data_import.utils.types import ColumnType
from tests.test_data_import.warehouse import (
    ORDERS,
    Stored,
    Warehouse,
    column,
    copy_and_merge,
    encoded,
    parts,
)

A = ("A", "x", "paid", 1)
B = ("B", "x", "paid", 2)
C = ("C", "", "sent", 3)


def duplicate(row: int, number: str, first: int | None) -> DuplicateRow:
    return DuplicateRow(row, (("order_number", number), ("sku", "x")), first)


async def test_new_rows_are_inserted(warehouse: Warehouse) -> None:
    stored = await warehouse.append([A, B, ("C", None, "sent", 3)])
    assert (stored.merged, stored.duplicates) == (Merged(3, 0, 0), [])
    assert await warehouse.orders() == [A, B, C]
    record = await warehouse.reread(stored.import_id)
    assert (record.rows_read, record.rows_inserted) == (3, 3)
    assert (record.rows_updated, record.rows_rejected) == (0, 0)
    assert record.stored_at is not None and record.dataset_id is not None


async def test_append_leaves_out_what_the_table_has(warehouse: Warehouse) -> None:
    await warehouse.append([A])
    stored = await warehouse.append([B, ("A", "x", "sent", 9), C])
    assert stored.merged == Merged(2, 0, 1)
    assert stored.duplicates == [duplicate(2, "A", None)]
    assert await warehouse.orders() == [A, B, C]


async def test_the_first_row_of_a_key_counts(warehouse: Warehouse) -> None:
    again = [("A", "x", "sent", 8), ("A", "x", "sent", 9)]
    stored = await warehouse.append([C, A, B, *again])
    assert stored.merged == Merged(3, 0, 2)
    assert stored.duplicates == [duplicate(4, "A", 2), duplicate(5, "A", 2)]
    assert await warehouse.orders() == [A, B, C]


async def test_append_tells_both_kinds_of_duplicates(warehouse: Warehouse) -> None:
    await warehouse.append([A])
    stored = await warehouse.append([A, A, B, B])
    assert stored.merged == Merged(1, 0, 3)
    assert stored.duplicates == [
        duplicate(1, "A", None),
        duplicate(2, "A", None),
        duplicate(4, "B", 3),
    ]


async def test_upsert_updates_what_the_table_has(warehouse: Warehouse) -> None:
    await warehouse.append([A, B])
    changed = [("A", "x", None, 7), C, ("A", "x", "sent", 8), C]
    stored = await warehouse.append(changed, mode=ImportMode.UPSERT)
    assert stored.merged == Merged(1, 1, 2)
    assert stored.duplicates == [
        duplicate(3, "A", 1),
        DuplicateRow(4, (("order_number", "C"), ("sku", "")), 2),
    ]
    assert await warehouse.orders() == [("A", "x", None, 7), B, C]


async def test_upsert_leaves_other_columns_alone(warehouse: Warehouse) -> None:
    await warehouse.append([A, B])
    some = (ORDERS[0], ORDERS[1], ORDERS[3])
    rows = [("A", "x", 7), ("D", "x", 8)]
    stored = await warehouse.append(rows, mode=ImportMode.UPSERT, columns=some)
    assert stored.merged == Merged(1, 1, 0)
    new = ("D", "x", None, 8)
    assert await warehouse.orders() == [("A", "x", "paid", 7), B, new]


async def test_an_upsert_of_keys_alone_counts_as_updated(warehouse: Warehouse) -> None:
    await warehouse.append([A])
    keys = ORDERS[:2]
    stored = await warehouse.append([("A", "x")], mode=ImportMode.UPSERT, columns=keys)
    assert stored.merged == Merged(0, 1, 0)
    assert await warehouse.orders() == [A]


async def test_a_key_that_the_file_has_in_part(warehouse: Warehouse) -> None:
    columns = (ORDERS[0], ORDERS[2])
    await warehouse.append([("A", "paid")], columns=columns)
    rows = [("A", "sent"), ("B", "paid"), ("B", "sent")]
    stored = await warehouse.append(rows, columns=columns, mode=ImportMode.UPSERT)
    assert stored.merged == Merged(1, 1, 1)
    assert stored.duplicates == [DuplicateRow(3, (("order_number", "B"),), 2)]
    names = ("order_number", "platform", "sku", "status")
    expected = [("A", "", "", "sent"), ("B", "", "", "paid")]
    assert await warehouse.orders(*names) == expected


async def test_replace_swaps_the_whole_content(warehouse: Warehouse) -> None:
    await warehouse.append([A, B])
    await warehouse.append([A], mode=ImportMode.UPSERT)
    stored = await warehouse.append([B, C, B], mode=ImportMode.REPLACE)
    assert stored.merged == Merged(2, 0, 1)
    assert stored.duplicates == [duplicate(3, "B", 1)]
    assert await warehouse.orders() == [B, C]
    assert await warehouse.select("select row_count from datasets") == [(2,)]
    assert await warehouse.select("select * from import_previous") == []


KEYS = st.tuples(st.sampled_from("ABCD"), st.sampled_from("xy"))
FILES = st.lists(KEYS, max_size=12)


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(FILES, FILES, st.sampled_from(list(ImportMode)), st.booleans())
async def test_rows_come_to_the_same_by_either_way(
    warehouse: Warehouse,
    had: list[tuple[str, str]],
    keys: list[tuple[str, str]],
    mode: ImportMode,
    is_alone: bool,
) -> None:
    """Copied straight as far as that goes, or all staged behind another import."""
    await warehouse.append([], mode=ImportMode.REPLACE)
    await warehouse.append([(*key, "old", 0) for key in sorted(set(had))])
    record = await warehouse.record(mode=mode)
    rows = [(*key, "new", at) for at, key in enumerate(keys, 1)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(straight_crud, "_FIRST_BYTES", 1)
        patch.setattr(straight_crud, "_MOST_BYTES", 500)
        if not is_alone:
            patch.setattr(staging_crud, "try_lock_target", never)
        stored = await warehouse.store(record, rows)
    assert stored == Stored(record.id, *expected(set(had), keys, mode))
    table = {key: ("old", 0) for key in had if mode is not ImportMode.REPLACE}
    rejected = {one.row for one in stored.duplicates}
    table |= {row[:2]: row[2:] for row in rows if row[3] not in rejected}
    assert await warehouse.orders() == [(*key, *table[key]) for key in sorted(table)]


async def never(*_: object) -> bool:
    return False


def expected(
    had: set[tuple[str, str]], keys: Sequence[tuple[str, str]], mode: ImportMode
) -> tuple[Merged, list[DuplicateRow]]:
    """Tell what becomes of a file's keys, one after the other."""
    known = set() if mode is ImportMode.REPLACE else had
    first: dict[tuple[str, str], int] = {}
    duplicates, updated = [], 0
    for row, key in enumerate(keys, 1):
        if key in known and mode is ImportMode.APPEND:
            at: int | None = None
        elif key in first:
            at = first[key]
        else:
            first[key] = row
            updated += key in known
            continue
        named = (("order_number", key[0]), ("sku", key[1]))
        duplicates.append(DuplicateRow(row, named, at))
    merged = Merged(len(first) - updated, updated, len(duplicates))
    return merged, duplicates


async def test_replace_by_nothing_behind_another_import(warehouse: Warehouse) -> None:
    first = await warehouse.record()
    record = await warehouse.record(mode=ImportMode.REPLACE)
    async with warehouse.storing(first) as storing:
        await copy_and_merge(storing, first, [A])
        behind = asyncio.create_task(warehouse.store(record, []))
        await waiting_for_the_target(warehouse, 1)
    assert (await behind).merged == Merged(0, 0, 0)
    assert await warehouse.orders() == []


@pytest.mark.parametrize("mode", list(ImportMode))
async def test_a_dry_run_counts_and_stores_nothing(
    warehouse: Warehouse, mode: ImportMode
) -> None:
    await warehouse.append([A, B])
    before = (await warehouse.everything())[:3]
    rows = [("A", "x", "sent", 9), C, C]
    dry = await warehouse.append(rows, mode=mode, dry_run=True)
    assert (await warehouse.everything())[:3] == before
    record = await warehouse.reread(dry.import_id)
    assert record.stored_at is None and record.dataset_id is None
    real = await warehouse.append(rows, mode=mode)
    assert (real.merged, real.duplicates) == (dry.merged, dry.duplicates)
    counted = await warehouse.reread(real.import_id)
    for name in ("rows_read", "rows_inserted", "rows_updated", "rows_rejected"):
        assert getattr(record, name) == getattr(counted, name)


async def test_a_dataset_is_made_in_the_files_order(warehouse: Warehouse) -> None:
    columns = (column("c1", heading="Name"), column("c2", ColumnType.INTEGER, "N"))
    rows = [(f"name {number}", number) for number in range(300, 0, -1)]
    stored = await warehouse.append(rows, target=None, columns=columns)
    assert stored.merged == Merged(300, 0, 0)
    (table,) = await warehouse.tables()
    found = await warehouse.select(f"select * from datasets.{table} order by _row")
    assert found == [(place, *row) for place, row in enumerate(rows, 1)]


async def test_a_dry_run_makes_no_dataset(warehouse: Warehouse) -> None:
    stored = await warehouse.append([A], target=None, dry_run=True)
    assert stored.merged == Merged(1, 0, 0)
    assert await warehouse.tables() == []
    assert await warehouse.select("select id from datasets") == []
    assert (await warehouse.reread(stored.import_id)).rows_inserted == 1


class Restarted(Exception):
    """What was stored is not to be kept."""


async def waiting_for_the_target(warehouse: Warehouse, count: int) -> None:
    """Wait until so many imports wait for their target."""
    query = (
        "select count(*) from pg_locks where locktype = 'advisory' and not granted "
        "and database = (select oid from pg_database where datname = current_database())"
    )
    while await warehouse.select(query) != [(count,)]:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("mode", [ImportMode.APPEND, ImportMode.UPSERT])
async def test_imports_at_once_count_exactly(
    warehouse: Warehouse, mode: ImportMode
) -> None:
    first, second, third = [await warehouse.record(mode=mode) for _ in range(3)]
    async with warehouse.storing(first) as storing:
        await copy_and_merge(storing, first, [A, B])
        others = [
            asyncio.create_task(warehouse.store(second, [B, C])),
            asyncio.create_task(warehouse.store(third, [A, C, ("D", "", "new", 4)])),
        ]
        await waiting_for_the_target(warehouse, 2)
    merged = [(await one).merged for one in others]
    late = int(mode is ImportMode.UPSERT)
    one = Merged(1, late, 1 - late)
    whichever = (
        [one, Merged(1, 2 * late, 2 - 2 * late)],
        [Merged(0, 2 * late, 2 - 2 * late), Merged(2, late, 1 - late)],
    )
    assert merged in whichever
    assert len(await warehouse.orders()) == 4
    assert await warehouse.select("select row_count from datasets") == [(4,)]


async def test_an_import_behind_one_that_is_rolled_back(warehouse: Warehouse) -> None:
    first, second = [await warehouse.record() for _ in range(2)]
    with pytest.raises(Restarted):
        async with warehouse.storing(first) as storing:
            await copy_and_merge(storing, first, [A, B])
            behind = asyncio.create_task(warehouse.store(second, [B, C]))
            await waiting_for_the_target(warehouse, 1)
            raise Restarted
    assert (await behind).merged == Merged(2, 0, 0)
    assert await warehouse.orders() == [B, C]


@pytest.mark.parametrize("target", ["orders", None])
async def test_an_attempt_ends_the_former_ones_transaction(
    warehouse: Warehouse, target: str | None
) -> None:
    record = await warehouse.record(target=target)
    with pytest.raises(Exception, match="connection") as caught:
        async with warehouse.storing(record) as storing:
            # A worker that froze amid a COPY: it has the target, and a table.
            await storing.open(ORDERS)
            former = asyncio.create_task(storing.copy(never_ending(record)))
            await asyncio.sleep(0.2)
            async with asyncio.timeout(5):
                stored = await warehouse.store(record, [A])
            await former
    assert not isinstance(caught.value, AppError)
    assert stored.merged == Merged(1, 0, 0)
    assert len(await warehouse.tables()) == (target is None)


async def never_ending(record: ImportRecord) -> AsyncIterator[bytes]:
    yield encoded(record, ORDERS, [B])
    while True:
        await asyncio.sleep(0.01)
        yield b""


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", None])
async def test_a_target_is_freed_when_the_job_has_ended(
    warehouse: Warehouse, status: str | None
) -> None:
    """Its worker froze amid a COPY, and no attempt follows; None: its file is deleted."""
    frozen, sound = [await warehouse.record() for _ in range(2)]
    sweeper = ImportSweeper(warehouse.database)
    with pytest.raises(Exception, match="connection"):
        async with warehouse.storing(frozen) as storing:
            await storing.open(ORDERS)
            former = asyncio.create_task(storing.copy(never_ending(frozen)))
            behind = asyncio.create_task(warehouse.store(sound, [A]))
            await waiting_for_the_target(warehouse, 1)
            await sweeper.end_orphans()
            await asyncio.sleep(0.1)
            assert not behind.done() and not former.done()
            await warehouse.select(
                f"update jobs set status = '{status}' where id = '{frozen.job_id}' "
                "returning 1"
                if status
                else f"delete from imports where id = '{frozen.id}' returning 1"
            )
            await sweeper.end_orphans()
            assert (await behind).merged == Merged(1, 0, 0)
            await former
    assert await warehouse.orders() == [A]


class Broken(Exception):
    """The file cannot be read on."""


@pytest.mark.parametrize("error", [Broken(), asyncio.CancelledError()])
@pytest.mark.parametrize("known", [[A], []])
async def test_what_ends_the_rows_behind_a_known_key_is_told_at_once(
    warehouse: Warehouse, known: list[tuple[str, str, str, int]], error: BaseException
) -> None:
    """The driver, asked in such a moment to break off, would wait in vain."""

    async def rows() -> AsyncIterator[bytes]:
        yield encoded(record, ORDERS, [A])
        await asyncio.sleep(0.2)
        raise error

    await warehouse.append(known)
    record = await warehouse.record()
    async with asyncio.timeout(5):
        with pytest.raises(type(error)):
            async with warehouse.storing(record) as storing:
                await storing.open(ORDERS)
                await storing.copy(rows())
    assert await warehouse.orders() == known


async def test_a_second_attempt_at_a_target_is_refused(warehouse: Warehouse) -> None:
    record = await warehouse.record()
    await warehouse.store(record, [A])
    with pytest.raises(AppError, match="nothing was stored"):
        await warehouse.store(record, [("A", "x", "sent", 9)])
    assert await warehouse.orders() == [A]


async def kill_others(warehouse: Warehouse) -> None:
    """End all connections that are in a transaction."""
    killed = await warehouse.select(
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> "
        "pg_backend_pid() and datname = current_database() and xact_start is not null"
    )
    assert killed == [(True,)]


type Step = Callable[[Warehouse, Storing, ImportRecord], Awaitable[None]]


async def opened(warehouse: Warehouse, storing: Storing, record: ImportRecord) -> None:
    await storing.open(ORDERS)
    await kill_others(warehouse)
    await storing.copy(parts(record, [A]))


async def copying(warehouse: Warehouse, storing: Storing, record: ImportRecord) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield encoded(record, ORDERS, [A] * 1000)
        await asyncio.sleep(0.1)
        await kill_others(warehouse)
        await asyncio.sleep(0.1)
        while True:
            yield b""

    await storing.open(ORDERS)
    await storing.copy(chunks())


async def copied(warehouse: Warehouse, storing: Storing, record: ImportRecord) -> None:
    await storing.open(ORDERS)
    await storing.copy(parts(record, [A, C]))
    await kill_others(warehouse)
    await storing.merge()


async def merged_(warehouse: Warehouse, storing: Storing, record: ImportRecord) -> None:
    await storing.open(ORDERS)
    await storing.copy(parts(record, [A, C]))
    done = await storing.merge()
    await kill_others(warehouse)
    await storing.record(done, 2, 0)


async def recorded(
    warehouse: Warehouse, storing: Storing, record: ImportRecord
) -> None:
    await copy_and_merge(storing, record, [A, C])
    await kill_others(warehouse)


WINDOWS: list[Step] = [opened, copying, copied, merged_, recorded]


@pytest.mark.parametrize("target", ["orders", None])
@pytest.mark.parametrize("window", WINDOWS)
async def test_a_connection_that_is_killed_leaves_nothing(
    warehouse: Warehouse, window: Step, target: str | None
) -> None:
    mode = ImportMode.UPSERT if target else ImportMode.APPEND
    await warehouse.append([("A", "x", "old", 1), B])
    record = await warehouse.record(target=target, mode=mode)
    before = await warehouse.everything()
    with pytest.raises(Exception) as caught:
        async with warehouse.storing(record) as storing:
            await window(warehouse, storing, record)
    assert not isinstance(caught.value, AssertionError)
    assert await warehouse.everything() == before
    stored = await warehouse.store(record, [A, C])
    assert stored.merged == (Merged(1, 1, 0) if target else Merged(2, 0, 0))


IDLENESS = "idle_in_transaction_session_timeout"


async def test_until_the_merge_a_transaction_may_wait(warehouse: Warehouse) -> None:
    async def chunks(data: bytes) -> AsyncIterator[bytes]:
        yield data[:30]
        await asyncio.sleep(0.6)
        yield data[30:]

    record = await warehouse.record()
    async with warehouse.storing(record) as storing:
        await storing._session.execute(text(f"set local {IDLENESS} = '300ms'"))
        await storing.open(ORDERS)
        await asyncio.sleep(0.6)
        await storing.copy(chunks(encoded(record, ORDERS, [A])))
        assert await storing.merge() == Merged(1, 0, 0)


@pytest.mark.parametrize("target", ["orders", None])
async def test_from_the_merge_on_it_may_not(
    warehouse: Warehouse, target: str | None
) -> None:
    record = await warehouse.record(target=target, dry_run=True)
    async with warehouse.storing(record) as storing:
        await storing.open(ORDERS)
        await storing.copy(parts(record, [A]))
        merged = await storing.merge()
        assert await storing._session.scalar(text(f"show {IDLENESS}")) == "15s"
        await storing.record(merged, 1, 0)
        assert await storing._session.scalar(text(f"show {IDLENESS}")) == "15s"


async def test_a_cancelled_import_ends_at_once(warehouse: Warehouse) -> None:
    first, second = [await warehouse.record() for _ in range(2)]
    async with warehouse.storing(first) as storing:
        await copy_and_merge(storing, first, [A])
        behind = asyncio.create_task(warehouse.store(second, [B]))
        await waiting_for_the_target(warehouse, 1)
        behind.cancel()
        async with asyncio.timeout(5):
            with pytest.raises(asyncio.CancelledError):
                await behind
            await waiting_for_the_target(warehouse, 0)
    assert await warehouse.orders() == [A]
