"""Spreadsheets as people import them: looked at, tried, imported, mended, taken back."""

import csv
from pathlib import Path

import pytest
import xlsxwriter
from playwright.sync_api import BrowserContext, expect

from tests.browser.console import END_MS, Console
from tests.browser.importer import Importer
from tests.browser.test_console import NARROW
from tests.running import Running

HEADINGS = ["Order ID", "SKU", "Qty", "Amount", "Order date"]
GOOD = ["1", "12.50", "2025-11-11 08:30"]


@pytest.fixture
def importer(context: BrowserContext, running: Running) -> Importer:
    """Open a window in the visitor's browser; it shows nothing yet."""
    return Importer(Console(context.new_page(), running.base_url))


def orders(path: Path, *rows: list[str]) -> Path:
    """Write orders as a shop exports them."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADINGS, *rows])
    return path


def good(name: str, count: int) -> list[list[str]]:
    """Make orders that nothing is wrong with, of numbers of their own."""
    return [[f"{name}-{number}", "TEA", *GOOD] for number in range(count)]


def test_a_file_becomes_a_dataset_whose_rows_are_shown(
    importer: Importer, tmp_path: Path
) -> None:
    file = tmp_path / "stock.csv"
    lines = [f"T{number:03d};{number};{number},5" for number in range(120)]
    file.write_text("Article;Pieces;Price\n" + "\n".join(lines), "utf-8")
    importer.drop(file)
    assert importer.columns == [
        ["Article", "Text"],
        ["Pieces", "Integer"],
        ["Price", "Decimal"],
    ]
    assert importer.first_rows[:2] == [["T000", "0", "0,5"], ["T001", "1", "1,5"]]
    page = importer.page
    expect(page.get_by_label("Between the fields")).to_have_value("")
    expect(
        page.get_by_label("Between the fields").locator("option").first
    ).to_have_text("Semicolon ; (found)")
    page.get_by_label("Name of the dataset").fill("Stock of tea")
    importer.start()
    assert importer.counts == {
        "read": "120",
        "inserted": "120",
        "updated": "0",
        "rejected": "0",
    }
    importer.console.job.get_by_role("link", name="Rows of Stock of tea").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Stock of tea")
    expect(page.get_by_text("50 of 120 rows are shown")).to_be_visible()
    assert importer.rows[1] == ["T001", "1", "1.5"]
    page.get_by_role("button", name="Show more rows").click()
    expect(page.get_by_text("100 of 120 rows are shown")).to_be_visible()
    page.get_by_role("button", name="Show more rows").click()
    expect(page.get_by_text("120 of 120 rows are shown")).to_be_visible()
    expect(page.get_by_role("button", name="Show more rows")).to_have_count(0)
    assert [row[0] for row in importer.rows] == [f"T{at:03d}" for at in range(120)]


def test_headings_are_mapped_and_wrong_rows_are_told_of(
    importer: Importer, tmp_path: Path
) -> None:
    wrong = [
        ["m-10", "TEA", "many", "12.50", "2025-11-11"],
        ["", "TEA", *GOOD],
        ["m-12", "TEA", "1", "12.50", "never"],
    ]
    file = orders(tmp_path / "november.csv", *good("m", 3), *wrong)
    importer.drop(file)
    importer.into("Orders")
    assert importer.columns == [
        ["Order ID", "Text", "Order number, required, key (found)"],
        ["SKU", "Text", "SKU, key (found)"],
        ["Qty", "Text", "Quantity (found)"],
        ["Amount", "Decimal", "Amount (found)"],
        ["Order date", "Text", "Created at (found)"],
    ]
    importer.start()
    assert "ImportRowsRejected" in importer.console.events
    assert importer.counts == {
        "read": "6",
        "inserted": "3",
        "updated": "0",
        "rejected": "3",
    }
    assert importer.errors == [
        ["5", "Qty", "many", "NOT_A_NUMBER"],
        ["6", "Order ID", "empty", "REQUIRED"],
        ["7", "Order date", "never", "NOT_A_DATE"],
    ]


def test_the_report_is_mended_and_imported_again(
    importer: Importer, tmp_path: Path
) -> None:
    wrong = ["r-9", "TEA", "many", "12.50", "2025-11-11"]
    importer.drop(orders(tmp_path / "report.csv", *good("r", 2), wrong))
    importer.into("Orders")
    importer.start()
    with importer.page.expect_download() as download:
        importer.page.get_by_role("button", name="Download the rejected rows").click()
    report = tmp_path / download.value.suggested_filename
    download.value.save_as(report)
    text = report.read_text("utf-8-sig")
    assert text.splitlines()[0].split(",") == [
        *HEADINGS,
        "OneManage row",
        "OneManage errors",
    ]
    report.write_text(text.replace("many", "7", 1), "utf-8")
    importer.drop(report)
    importer.into("Orders")
    importer.start()
    assert importer.counts == {
        "read": "1",
        "inserted": "1",
        "updated": "0",
        "rejected": "0",
    }


def test_what_was_tried_is_then_imported_with_the_same_choices(
    importer: Importer, tmp_path: Path
) -> None:
    importer.drop(orders(tmp_path / "tried.csv", *good("t", 4)))
    importer.into("Orders")
    page = importer.page
    page.get_by_label("Upsert:").check()
    page.get_by_label("Only try it").check()
    expect(page.get_by_role("button", name="Try it")).to_be_visible()
    importer.start()
    job = importer.console.job
    expect(job.get_by_text("Tried only: nothing was stored")).to_be_visible()
    assert importer.counts["inserted"] == "4"
    expect(job.get_by_role("button", name="Undo this import")).to_have_count(0)
    job.get_by_role("link", name="Go on to the import").click()
    importer.wait_for_preview()
    expect(page.get_by_label("Import into")).to_have_value("orders")
    expect(page.get_by_label("Upsert:")).to_be_checked()
    page.get_by_label("Only try it").uncheck()
    importer.start()
    assert importer.counts["inserted"] == "4"


def test_an_import_is_taken_back_once_that_is_meant(
    importer: Importer, tmp_path: Path
) -> None:
    importer.drop(orders(tmp_path / "undone.csv", *good("u", 4)))
    importer.into("Orders")
    importer.start()
    page, job = importer.page, importer.console.job
    undo = job.get_by_role("button", name="Undo this import")
    undo.click()
    yes = job.get_by_role("button", name="Yes, take it back")
    expect(yes).to_be_focused()
    expect(job.get_by_text("4 rows that this import has added")).to_be_visible()
    page.keyboard.press("Escape")
    expect(yes).to_have_count(0)
    expect(undo).to_be_focused()
    undo.click()
    yes.click()
    expect(job.get_by_text("Taken back")).to_be_visible(timeout=END_MS)
    expect(undo).to_have_count(0)


def test_what_was_changed_since_is_not_taken_back(
    importer: Importer, tmp_path: Path
) -> None:
    file = orders(tmp_path / "changed.csv", *good("c", 2))
    importer.drop(file)
    importer.into("Orders")
    first = importer.start()
    job = importer.console.job
    job.get_by_role("link", name="Import this file again").click()
    importer.wait_for_preview()
    importer.page.get_by_label("Upsert:").check()
    importer.start()
    assert importer.counts == {
        "read": "2",
        "inserted": "0",
        "updated": "2",
        "rejected": "0",
    }
    before = job.get_by_text("The same file was imported there before")
    before.get_by_role("link").click()
    importer.page.wait_for_url(f"**/#/jobs/{first}")
    job.get_by_role("button", name="Undo this import").click()
    job.get_by_role("button", name="Yes, take it back").click()
    expect(job.get_by_role("alert")).to_be_visible(timeout=END_MS)
    expect(job.get_by_text("Taken back")).to_have_count(0)


def test_a_heading_is_mapped_by_hand_and_another_left_out(
    importer: Importer, tmp_path: Path
) -> None:
    file = tmp_path / "own words.csv"
    file.write_text("Bon;Menge;Amount\nh-1;2;3\nh-2;4;many\n", "utf-8")
    importer.drop(file)
    importer.into("Orders")
    page = importer.page
    expect(page.get_by_text("Each row needs Order number")).to_be_visible()
    importer.start_button.click()
    expect(page.get_by_role("alert")).to_have_text(
        "Choose the heading that has the Order number."
    )
    page.get_by_label("Bon goes to").select_option("order_number")
    expect(page.get_by_text("Each row needs Order number")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_label("Menge goes to").select_option("amount")
    expect(page.get_by_label("Amount goes to", exact=True)).to_have_value("")
    page.get_by_label("Menge goes to").select_option("quantity")
    importer.start()
    assert importer.counts["inserted"] == "2"


def test_what_cannot_be_read_so_is_told_beside_its_field(
    importer: Importer, tmp_path: Path
) -> None:
    importer.drop(orders(tmp_path / "short.csv", *good("s", 2)))
    page = importer.page
    field = page.get_by_label("Row of the headings")
    field.fill("99")
    expect(field).to_have_attribute("aria-invalid", "true", timeout=END_MS)
    message = page.locator("[data-field=headerRow]").get_by_role("alert")
    described = str(field.get_attribute("aria-describedby")).split()
    assert message.get_attribute("id") in described
    page.get_by_role("button", name="Read it as found at first").click()
    expect(message).to_have_count(0, timeout=END_MS)
    expect(field).to_have_value("")


def test_a_sheet_is_chosen(importer: Importer, tmp_path: Path) -> None:
    file = tmp_path / "two sheets.xlsx"
    with xlsxwriter.Workbook(file) as book:
        for name, value in (("Spring", 1), ("Autumn", 2)):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, [f"{name} sales"])
            sheet.write_row(1, 0, [value])
    importer.drop(file)
    assert [heading for heading, _ in importer.columns] == ["Spring sales"]
    importer.page.get_by_label("Sheet", exact=True).select_option("Autumn")
    importer.column("Autumn sales").wait_for(timeout=END_MS)
    assert importer.first_rows == [["2"]]
    importer.start()
    assert importer.counts["inserted"] == "1"


def test_many_errors_are_shown_page_by_page_and_nothing_is_stored_if_so_asked(
    importer: Importer, tmp_path: Path
) -> None:
    wrong = [[f"a-{at}", "TEA", "many", *GOOD[1:]] for at in range(60)]
    importer.drop(orders(tmp_path / "all or none.csv", *good("b", 2), *wrong))
    importer.into("Orders")
    importer.page.get_by_label("If a row is wrong").select_option("ABORT")
    importer.start("FAILED")
    job = importer.console.job
    expect(job.get_by_role("heading", name="Nothing was stored")).to_be_visible()
    expect(job.locator(".row-errors tbody tr")).to_have_count(50, timeout=END_MS)
    job.get_by_role("button", name="Show more").click()
    expect(job.locator(".row-errors tbody tr")).to_have_count(60, timeout=END_MS)
    assert [error[0] for error in importer.errors] == [str(at) for at in range(4, 64)]
    expect(job.get_by_role("button", name="Show more")).to_have_count(0)


def test_a_file_that_holds_no_rows_is_told_of(
    importer: Importer, tmp_path: Path
) -> None:
    broken = tmp_path / "<img src=x onerror=alert(1)>.xlsx"
    broken.write_bytes(b"PK\x03\x04 and then nothing")
    importer.console.open()
    importer.page.locator("input[type=file]").set_input_files(broken)
    expect(importer.page.get_by_role("alert")).to_be_visible(timeout=END_MS)
    expect(importer.start_button).to_be_disabled()
    assert importer.page.locator("img[src=x]").count() == 0


def test_datasets_are_found_again(importer: Importer, tmp_path: Path) -> None:
    file = tmp_path / "found again.csv"
    file.write_text("Article;Pieces\nA;1\nB;2\n", "utf-8")
    importer.drop(file)
    importer.start()
    page = importer.page
    page.get_by_role("link", name="Datasets").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Datasets")
    newest = page.locator("tr[data-dataset]").first
    expect(newest.locator("th")).to_have_text("found again.csv")
    expect(newest.locator("[data-name=Rows]")).to_have_text("2")
    newest.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("found again.csv")
    assert importer.rows == [["A", "1"], ["B", "2"]]
    page.get_by_role("link", name="All datasets").click()
    expect(newest.locator("th")).to_have_text("found again.csv")


def test_what_is_not_there_is_said_so(importer: Importer) -> None:
    nobody = "0" * 12 + "7000" + "8" + "0" * 15
    heading = importer.page.get_by_role("heading", level=1)
    importer.console.open(f"#/import/file_{nobody}")
    expect(heading).to_have_text("There is no such file")
    importer.page.goto(f"{importer.console.url}#/datasets/dataset_{nobody}")
    expect(heading).to_have_text("There is no such dataset")


def test_it_works_by_keyboard(importer: Importer, tmp_path: Path) -> None:
    importer.drop(orders(tmp_path / "keys.csv", *good("k", 1)))
    page = importer.page
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Import into")).to_be_focused()
    page.get_by_label("Name of the dataset").focus()
    page.keyboard.type("Typed")
    page.keyboard.press("Enter")
    importer.console.wait_for("SUCCEEDED")
    expect(page.get_by_role("link", name="Rows of Typed")).to_be_visible()


def test_it_fits_a_narrow_window(importer: Importer, tmp_path: Path) -> None:
    importer.page.set_viewport_size(NARROW)
    widths = "[document.documentElement.scrollWidth, innerWidth]"
    wrong = ["n-9", "TEA", "many", "12.50", "2025-11-11"]
    importer.drop(orders(tmp_path / f"{'long' * 20}.csv", *good("n", 2), wrong))
    importer.into("Orders")
    assert importer.page.evaluate(widths) == [360, 360]
    importer.start()
    assert len(importer.errors) == 1
    assert importer.page.evaluate(widths) == [360, 360]
    importer.page.get_by_role("link", name="Rows of Orders").click()
    assert importer.rows
    assert importer.page.evaluate(widths) == [360, 360]
    importer.page.get_by_role("link", name="All datasets").click()
    importer.page.locator("tr[data-dataset]").first.wait_for(timeout=END_MS)
    assert importer.page.evaluate(widths) == [360, 360]
