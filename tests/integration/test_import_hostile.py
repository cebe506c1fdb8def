"""Files that would kill a reader: refused in words, and nothing is left of them."""

import asyncio
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

import asyncpg
import psutil
import pytest

from tests.client import Client
from tests.integration.conftest import database_url
from tests.integration.hostile_files import MAKERS
from tests.integration.importing import (
    PREVIEW,
    ask_import,
    counts,
    empty_orders,
    imported,
    record_of_job,
    upload_text,
    watch_import,
)
from tests.running import Running

pytestmark = pytest.mark.timeout(120)

FORMATS: Final = " Upload an xlsx, xls, ods, csv or tsv file, or a zip with one csv."
# A message is for a person with a spreadsheet: no type, no call, no path.
INTERNALS: Final = re.compile(
    r"Error\b|Exception|Traceback|None\b|self\b|0x[0-9a-f]|/tmp|\.py|\bint\b"
)
_FAR: Final = (
    "reaches to XFD1048576, which makes 17,179,869,184 cells, and 11,000,000 are "
    "allowed. Delete what stands far outside of the table, or save the sheet as csv."
)
_ENDLESS: Final = (
    'a row is longer than 2,097,152 bytes. Either it is no table, or a quote (") is '
    "opened there and never closed: close it, or write it twice where it belongs to "
    "the text."
)


class Refusal(NamedTuple):
    """What is said of a file."""

    code: str
    message: str


REFUSED: Final = {
    "dim.xlsx": Refusal("LIMIT_EXCEEDED", f"The sheet “S” {_FAR}"),
    "lie.xlsx": Refusal(
        "CORRUPT_FILE",
        "This file is damaged: its part xl/worksheets/sheet1.xml reaches past the end "
        "of the file. Save it again, and upload that.",
    ),
    "sst.xlsx": Refusal(
        "LIMIT_EXCEEDED",
        "The texts of this workbook take more than 536,870,912 bytes. Save the sheet "
        "as csv.",
    ),
    "encrypted.xlsx": Refusal(
        "UNSUPPORTED_FORMAT",
        "This workbook is protected by a password: remove it and save again." + FORMATS,
    ),
    "truncated.xlsx": Refusal(
        "CORRUPT_FILE",
        "This file is damaged: the zip cannot be unpacked. Save it again, and upload "
        "that.",
    ),
    "picture.xlsx": Refusal(
        "UNSUPPORTED_FORMAT",
        "This workbook has no rows: there are only pictures or charts in it, or "
        "nothing." + FORMATS,
    ),
    "far.xlsx": Refusal("LIMIT_EXCEEDED", f"The sheet “wide” {_FAR}"),
    "bomb.zip": Refusal(
        "LIMIT_EXCEEDED",
        "The zip unpacks to more than 4,294,967,296 bytes. Divide the file, and import "
        "its parts one after the other.",
    ),
    "lying.zip": Refusal(
        "CORRUPT_FILE",
        "This file is damaged: the zip cannot be unpacked. Save it again, and upload "
        "that.",
    ),
    "zip_in_zip.zip": Refusal(
        "UNSUPPORTED_FORMAT",
        "This zip holds inner.zip, which is not a csv file." + FORMATS,
    ),
    "photo.csv": Refusal(
        "UNSUPPORTED_FORMAT", "photo.csv is a picture, not a table." + FORMATS
    ),
    "endless_line.csv": Refusal("LIMIT_EXCEEDED", f"From row 1 on, {_ENDLESS}"),
    "endless_quote.csv": Refusal("LIMIT_EXCEEDED", f"From row 2 on, {_ENDLESS}"),
    "nul.csv": Refusal(
        "CORRUPT_FILE",
        "This file is damaged: it is filled with NUL bytes instead of text. Save it "
        "again, and upload that.",
    ),
}


@pytest.fixture(scope="session")
def folder(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with all hostile files."""
    made = tmp_path_factory.mktemp("hostile")
    for name, make in MAKERS.items():
        make(made / name)
    for name in REFUSED.keys() - MAKERS.keys():
        (made / name).symlink_to(corpus / "hostile" / name)
    return made


class Traces(NamedTuple):
    """What imports leave behind."""

    tables: tuple[str, ...]
    datasets: int
    orders: int
    scratch: tuple[str, ...]


async def traces(running: Running) -> Traces:
    """Look into the database and the scratch directory."""
    connection = await asyncpg.connect(database_url(running.data_dir))
    try:
        tables = await connection.fetch(
            "select relname from pg_class c join pg_namespace n on n.oid = relnamespace "
            "where relkind = 'r' and (nspname = 'datasets' or nspname like 'pg_temp%') "
            "order by relname"
        )
        datasets = await connection.fetchval("select count(*) from datasets")
        orders = await connection.fetchval("select count(*) from orders")
    finally:
        await connection.close()
    scratch = running.data_dir / "scratch"
    left = sorted(path.name for path in scratch.iterdir()) if scratch.exists() else []
    names = tuple(str(row["relname"]) for row in tables)
    return Traces(names, datasets, orders, tuple(left))


async def settled(running: Running, before: Traces) -> Traces:
    """Wait a little until nothing is left; a scratch directory goes behind the event."""
    for _ in range(100):
        if (now := await traces(running)) == before:
            break
        await asyncio.sleep(0.1)
    return now


def lives(running: Running) -> dict[str, psutil.Process]:
    """Return the processes that must outlive every file."""
    children = running.children()
    return {name: children[name] for name in ("gateway", "worker")}


async def preview_error(client: Client, file_id: str, **options: Any) -> Any:
    """Ask for a preview that is refused."""
    answer = await client.ask(PREVIEW, fileId=file_id, **options)
    assert answer["importPreview"]["preview"] is None
    (error,) = answer["importPreview"]["userErrors"]
    return error


@pytest.mark.parametrize("name", REFUSED)
async def test_a_hostile_file_is_refused_in_words_and_leaves_nothing(
    name: str, folder: Path, client: Client, running: Running
) -> None:
    before, alive = await traces(running), lives(running)
    file_id = await client.upload(folder / name)
    error = await preview_error(client, file_id)
    assert (error["code"], error["message"]) == REFUSED[name]
    assert error["field"] == ["fileId"]
    payload = await ask_import(client, file_id)
    events = await watch_import(client, payload)
    last = events[-1]["job"]
    assert events[-1]["__typename"] == "JobFailed"
    assert Refusal(last["error"]["code"], last["error"]["message"]) == REFUSED[name]
    assert (last["error"]["retryable"], last["attempt"]) == (False, 1)
    assert not INTERNALS.search(last["error"]["message"])
    record = await record_of_job(client, payload["job"]["id"])
    assert (counts(record), record["dataset"]) == ([0, 0, 0, 0], None)
    assert await settled(running, before) == before
    assert lives(running) == alive


async def test_the_importer_goes_on_behind_them(client: Client, tmp_path: Path) -> None:
    file_id = await upload_text(client, tmp_path / "good.csv", "a,b\n1,2\n3,4\n")
    answer = (await client.ask(PREVIEW, fileId=file_id))["importPreview"]
    assert answer["preview"]["rows"] == [["1", "2"], ["3", "4"]]
    assert counts(await imported(client, file_id)) == [2, 2, 0, 0]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("delimiter", "||", "A delimiter is one character, and '||' has 2."),
        ("encoding", "klingon", "No encoding is called 'klingon'."),
    ],
)
async def test_options_by_which_no_text_is_read_are_refused_at_once(
    client: Client, tmp_path: Path, option: str, value: str, message: str
) -> None:
    text = "a||b\n1||2\n3||4\n"
    file_id = await upload_text(client, tmp_path / "double.csv", text)
    error = await preview_error(client, file_id, read={option: value})
    assert (error["code"], error["field"]) == ("INVALID", ["read", option])
    assert error["message"].startswith(message)
    payload = await ask_import(client, file_id, read={option: value})
    assert payload["job"] is None
    assert payload["userErrors"] == [{**error, "field": ["input", "read", option]}]


async def test_a_text_has_no_sheets(client: Client, tmp_path: Path) -> None:
    file_id = await upload_text(client, tmp_path / "plain.csv", "a,b\n1,2\n")
    error = await preview_error(client, file_id, read={"sheet": "Orders"})
    assert (error["code"], error["field"]) == ("INVALID", ["read", "sheet"])
    payload = await ask_import(client, file_id, read={"sheet": "Orders"})
    events = await watch_import(client, payload)
    failed = events[-1]["job"]["error"]
    assert (failed["code"], failed["message"]) == ("INVALID_INPUT", error["message"])


async def test_a_row_with_nul_bytes_is_rejected_alone(
    client: Client, tmp_path: Path
) -> None:
    await empty_orders(client)
    text = "order number,shop\n1,fine\n2,b\0d\n3,fine too\n"
    file_id = await upload_text(client, tmp_path / "nul_within.csv", text)
    record = await imported(client, file_id, target="orders")
    assert counts(record) == [3, 2, 0, 1]
    (error,) = record["errors"]["nodes"]
    assert (error["row"], error["column"], error["code"]) == (3, "shop", "ENCODING")
    await empty_orders(client)
