"""Read a file as the import does: ``python -m tests.performance.imports.reading FILE``.

Prints rows, seconds and the most memory that the process held, in bytes, as JSON; a
refusal instead of the rows where a limit says so.
"""

import importlib
import json
import sys
import time
from pathlib import Path

from features.data_import.exceptions import ImportFileError
from features.data_import.utils.reading import open_table
from features.data_import.utils.types import ReadLimits, ReadOptions


def read(path: Path) -> dict[str, float | str]:
    """Read all rows of a file as texts."""
    # What loading the library takes is no part of the reading.
    importlib.import_module("features.data_import.utils.reading.workbooks.workbook")
    found: dict[str, float | str] = {}
    began = time.perf_counter()
    try:
        table = open_table(path, path.name, ReadOptions(), ReadLimits())
        found["rows"] = sum(batch.frame.height for batch in table.batches())
    except ImportFileError as error:
        found["refused"] = error.message
    found["seconds"] = time.perf_counter() - began
    found["memory"] = _peak()
    return found


def _peak() -> int:
    """Return this program's own peak: rusage counts what its parent held as well."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(peak) * 1024


if __name__ == "__main__":
    print(json.dumps(read(Path(sys.argv[1]))))
