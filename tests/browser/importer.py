"""The pages of an import, in the words of the person who uses them."""

from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.console import END_MS, Console


class Importer:
    """The pages of an import in a console's window."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.page = console.page

    def drop(self, file: Path) -> None:
        """Open the console and choose a file; wait for what is seen in it."""
        self.console.open()
        self.page.locator("input[type=file]").set_input_files(file)
        expect(self.page.get_by_role("heading", level=1)).to_have_text(
            f"Import {file.name}", timeout=END_MS
        )
        self.wait_for_preview()

    def wait_for_preview(self) -> None:
        """Wait until the file has been looked into."""
        rows = self.page.get_by_role("heading", name="First rows")
        expect(rows).to_be_visible(timeout=END_MS)
        looking = self.page.get_by_text("Looking into the file")
        expect(looking).to_have_count(0, timeout=END_MS)

    def into(self, target: str) -> None:
        """Choose what is imported into; wait for the preview."""
        self.page.get_by_label("Import into").select_option(label=target)
        expect(self.page.get_by_role("columnheader", name="Goes to")).to_be_visible()
        self.wait_for_preview()
        expect(self.start_button).to_be_enabled(timeout=END_MS)

    @property
    def start_button(self) -> Locator:
        """The button that starts the import."""
        return self.page.get_by_role("button", name="Import", exact=True)

    def start(self, status: str = "SUCCEEDED") -> str:
        """Start the import; return its job's id when it has ended as it should."""
        self.page.locator("button.main").click()
        self.page.wait_for_url("**/#/jobs/job_*", timeout=END_MS)
        self.console.wait_for(status)
        return self.page.url.rpartition("/")[2]

    def column(self, heading: str) -> Locator:
        """The row of the table of columns that has a heading."""
        return self.page.locator(f'tr[data-heading="{heading}"]')

    @property
    def columns(self) -> list[list[str]]:
        """The headings and types of the file's columns, and where they go, as shown."""
        rows = self.page.locator("tr[data-heading]")
        return [
            [
                one.locator("th").inner_text(),
                one.locator("td").nth(-2).inner_text(),
                *(self._chosen(one) for _ in one.locator("select").all()),
            ]
            for one in rows.all()
        ]

    @staticmethod
    def _chosen(row: Locator) -> str:
        found = row.locator("select option:checked").text_content()
        return str(found)

    @property
    def first_rows(self) -> list[list[str]]:
        """The rows of the preview, as shown."""
        region = self.page.get_by_role("region", name="First rows")
        return _texts(region)

    @property
    def rows(self) -> list[list[str]]:
        """The rows of the dataset's page, as shown."""
        return _texts(self.page.get_by_role("region", name="Rows of"))

    @property
    def counts(self) -> dict[str, str]:
        """What the job's page counts."""
        counts = self.console.job.locator("[data-count]")
        counts.first.wait_for(timeout=END_MS)
        return {
            str(one.get_attribute("data-count")): one.locator("dd").inner_text()
            for one in counts.all()
        }

    @property
    def errors(self) -> list[list[str]]:
        """The row, column, value and code of each row error that is shown."""
        table = self.console.job.locator(".row-errors tbody tr")
        table.first.wait_for(timeout=END_MS)
        before = self._shown(table)
        # The rows told live give way to those that are stored.
        while not (found := self._shown(table)) or found != before:
            before = found
            self.page.wait_for_timeout(100)
        return found

    @staticmethod
    def _shown(table: Locator) -> list[list[str]]:
        return [
            [
                one.locator("th").inner_text(),
                *one.locator("td").all_inner_texts()[:2],
                str(one.get_attribute("data-code")),
            ]
            for one in table.all()
        ]


def _texts(region: Locator) -> list[list[str]]:
    region.wait_for(timeout=END_MS)
    rows = region.locator("tbody tr").all()
    return [row.locator("td").all_inner_texts() for row in rows]
