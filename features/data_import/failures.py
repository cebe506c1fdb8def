"""Work on a file of rows in a child process: what it may take, and how it fails."""

from contextlib import AbstractContextManager

from core.config import Settings
from features.data_import.utils.types import ReadLimits
from features.jobs.failures import failures as failures_of

SMALLER = "Split it into several files, or save it as CSV."


def limits_of(settings: Settings) -> ReadLimits:
    """Return what a file may ask for."""
    return ReadLimits(
        max_unpacked_bytes=settings.import_max_unpacked_bytes,
        max_cells=settings.import_max_cells,
        max_columns=settings.import_max_columns,
        max_field_bytes=settings.import_max_field_bytes,
    )


def failures() -> AbstractContextManager[None]:
    """Turn what befalls a child process into JobFailure."""
    return failures_of("read", SMALLER)
