"""Make the pictures of docs/import.md: `python -m tests.browser.pictures`."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.browser.console import Console
from tests.browser.importer import Importer
from tests.running import ROOT, Running

PICTURES = ROOT / "docs" / "pictures"
SIZE: ViewportSize = {"width": 1100, "height": 760}
HEADINGS = "Order number;Channel;Variant SKU;Product name;Qty;Total;Currency;Order date"
TEAS = ["Jasmine tea", "Oolong tea", "White tea", "Green tea"]
WRONG = [
    "2025-1012;Shopify;TEA-2;Oolong tea;two;58,00 €;EUR;11.11.2025 09:12",
    "2025-1013;Shopify;TEA-3;White tea;1;29,00 €;Euro;11.11.2025 09:15",
    ";Shopify;TEA-1;Jasmine tea;3;87,00 €;EUR;11.11.2025 09:20",
    "2025-1003;Shopify;TEA-3;White tea;1;29,00 €;EUR;31.11.2025 09:31",
]


def orders(path: Path) -> Path:
    """Write some orders, a few of them wrong."""
    lines = [
        f"2025-{1000 + at};Shopify;TEA-{at % 4};{TEAS[at % 4]};{at % 3 + 1};"
        f"{(at % 3 + 1) * 29},00 €;EUR;{at % 27 + 1}.11.2025 0{at % 9 + 1}:{at + 10}"
        for at in range(40)
    ]
    lines = [line for line in lines if not line.startswith("2025-1012")]
    path.write_text("\n".join([HEADINGS, *lines, *WRONG]), "utf-8")
    return path


def take(page: Page, folder: Path, base_url: str) -> None:
    """Import a file as a person does, and take a picture of each page."""
    importer = Importer(Console(page, base_url))
    with tempfile.TemporaryDirectory() as scratch:
        importer.drop(orders(Path(scratch) / "november orders.csv"))
        importer.into("Orders")
        page.screenshot(path=folder / "import-preview.png")
        importer.start()
        assert importer.errors
        page.screenshot(path=folder / "import-done.png")
        page.get_by_role("link", name="Rows of Orders").click()
        assert importer.rows
        page.screenshot(path=folder / "import-rows.png")


def main() -> None:
    """Start everything, take the pictures, and stop it again."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        system = Running(Path(scratch) / "data")
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium, chromium_sandbox=False, args=ARGUMENTS
                )
                take(browser.new_page(viewport=SIZE), PICTURES, system.base_url)
                browser.close()
        finally:
            system.ask_to_stop(signal.SIGTERM)


if __name__ == "__main__":
    main()
