"""Records of imports, and the rows that they rejected."""

from datetime import timedelta

from core.base import new_id
from features.data_import import crud
from features.data_import.undoing import UndoService
from features.data_import.utils.types import ErrorKind, RowError
from tests.test_data_import.warehouse import ADMINISTRATOR, Warehouse

SHA = "a" * 64


def error(row: int, position: int = 1, value: str = "x") -> RowError:
    return RowError(
        row, position, "amount", value, ErrorKind.NOT_A_NUMBER, "No number."
    )


async def save(warehouse: Warehouse, import_id: str, *errors: RowError) -> None:
    async with warehouse.database.transaction() as session:
        await crud.save_errors(session, import_id, errors)


async def test_errors_are_stored_once(warehouse: Warehouse) -> None:
    record = await warehouse.record()
    await save(warehouse, record.id, error(2), error(2, 3), error(1))
    await save(warehouse, record.id, error(2, value="other"), error(3, 0), error(3, 0))
    async with warehouse.database.statement() as session:
        found = await crud.errors_page(session, record.id, 10)
        by_id = await crud.errors_by_ids(session, [found[0].id])
    places = [(one.row, one.position, one.value) for one in found]
    assert places == [(1, 1, "x"), (2, 1, "x"), (2, 3, "x"), (3, 0, "x")]
    assert found[1].id == crud.error_id(record.id, 2, 1)
    assert (by_id[0].row, by_id[0].code) == (1, "NOT_A_NUMBER")


async def test_values_are_cut_and_hold_no_nul(warehouse: Warehouse) -> None:
    record = await warehouse.record()
    await save(warehouse, record.id, error(1, 1, "\0" + "é" * 600))
    (found,) = await warehouse.select("select value from import_errors")
    assert found == ("\ufffd" + "é" * 499,)


async def test_a_hundred_thousand_errors(warehouse: Warehouse) -> None:
    record = await warehouse.record()
    for start in range(0, 100_000, 5000):
        rows = range(start, start + 5000)
        await save(warehouse, record.id, *(error(row) for row in rows))
    async with warehouse.database.statement() as session:
        assert await crud.error_counts(session, [record.id]) == {record.id: 100_000}
        page = await crud.errors_page(session, record.id, 2, (99_997, 1))
        assert [one.row for one in page] == [99_998, 99_999]
        await crud.delete_errors(session, record.id)
        assert await crud.error_counts(session, [record.id]) == {}


async def test_pages_of_several_imports(warehouse: Warehouse) -> None:
    one, two, none = [await warehouse.record() for _ in range(3)]
    await save(warehouse, one.id, *(error(row) for row in (3, 1, 2)))
    await save(warehouse, two.id, error(1, 2), error(1, 1))
    ids = [one.id, two.id, none.id]
    async with warehouse.database.statement() as session:
        first = await crud.error_pages(session, ids, 2, None)
        rest = await crud.error_pages(session, ids, 2, (1, 1))

    def places(found: object) -> dict[str, list[tuple[int, int]]]:
        assert isinstance(found, list)
        return {
            import_id: [
                (it.row, it.position) for it in found if it.import_id == import_id
            ]
            for import_id in ids
        }

    assert list(places(first).values()) == [[(1, 1), (2, 1)], [(1, 1), (1, 2)], []]
    assert list(places(rest).values()) == [[(2, 1), (3, 1)], [(1, 2)], []]


async def test_a_retry_finds_its_record(warehouse: Warehouse) -> None:
    record = await warehouse.record()
    await save(warehouse, record.id, error(1))
    again = type(record)(**record.model_dump() | {"rows_read": 9})
    async with warehouse.database.transaction() as session:
        await crud.begin_record(session, again)
    assert (await warehouse.reread(record.id)).rows_read == 0
    assert await warehouse.select("select count(*) from import_errors") == [(1,)]


async def test_records_are_paged_back_in_time(warehouse: Warehouse) -> None:
    owner = await warehouse.person()
    records = [await warehouse.record(caller=owner) for _ in range(3)]
    await warehouse.record()
    async with warehouse.database.statement() as session:
        page = await crud.records_page(session, owner.user_id, 2, None)
        key = (page[-1].created_at, page[-1].id)
        rest = await crud.records_page(session, owner.user_id, 2, key)
        everybodys = await crud.records_page(session, None, 9, None)
        counts = [
            await crud.count_records(session, one) for one in (owner.user_id, None)
        ]
    shown = [one.id for one in [*page, *rest]]
    assert shown == [one.id for one in reversed(records)]
    assert (len(everybodys), counts) == (4, [3, 4])
    assert page[0].created_at - page[1].created_at > timedelta(0)


async def test_a_report_is_named(warehouse: Warehouse) -> None:
    record = await warehouse.record()
    object_id = new_id("object")
    await warehouse.select(
        "insert into stored_objects (id, key, content_type, size, sha256, created_at) "
        f"values ('{object_id}', 'k', 'text/csv', 1, '', now()) returning 1"
    )
    async with warehouse.database.statement() as session:
        await crud.set_report(session, record.id, object_id, "orders rejected.csv")
    found = await warehouse.reread(record.id)
    assert (found.report_id, found.report_name) == (object_id, "orders rejected.csv")
