"""Work on a PSD in a child process: what it may take, and how it fails."""

from collections.abc import Iterator
from contextlib import contextmanager

from core.config import Settings
from core.processes import ProcessDied, ProcessFailed, ProcessTimeout
from features.jobs.exceptions import JobFailure
from features.jobs.runner import timed_out
from features.psd.utils import Limits


def limits_of(settings: Settings) -> Limits:
    """Return what a document may ask for."""
    return Limits(
        max_side=settings.psd_max_side,
        max_layers=settings.psd_max_layers,
        max_pixels=settings.psd_max_pixels,
    )


@contextmanager
def failures(done: str) -> Iterator[None]:
    """Turn what befalls a child process into JobFailure; `done` as in "be parsed"."""
    try:
        yield
    except ProcessTimeout as error:
        raise timed_out(error.seconds) from error
    except ProcessDied as error:
        if error.out_of_memory:
            raise _too_much_memory() from error
        raise JobFailure(
            "INTERNAL",
            f"The process that {done} this file died: {error}",
            retryable=True,
        ) from error
    except MemoryError as error:
        raise _too_much_memory() from error
    except ProcessFailed as error:
        raise JobFailure(
            "INTERNAL", f"This file could not be {done}.", retryable=True
        ) from error


def _too_much_memory() -> JobFailure:
    return JobFailure(
        "LIMIT_EXCEEDED",
        "This file needs more memory than is allowed. Save it with fewer or smaller "
        "layers.",
        retryable=False,
    )
