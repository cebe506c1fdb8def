"""Opening a file, and telling of what is wrong with it in its owner's words."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.psd.exceptions import PsdError, corrupt, over_limit
from features.psd.utils.pixels.codecs import DamagedPixels


@contextmanager
def mapped(source: Path) -> Iterator[memoryview]:
    """Lend a file's bytes, read as they are touched; PsdError where there are none."""
    with source.open("rb") as file:
        if not source.stat().st_size:
            raise corrupt("it is empty")
        # Closed by its last reference: slices of it may outlive an exception.
        yield memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


@contextmanager
def blaming_the_file() -> Iterator[None]:
    """Turn whatever bad bytes provoke into a PsdError."""
    try:
        yield
    except PsdError:
        raise
    except DamagedPixels as error:
        raise corrupt(f"in its merged image, {error}") from error
    except MemoryError as error:
        raise too_large() from error
    except Exception as error:
        raise corrupt("its structure cannot be read") from error


def too_large() -> PsdError:
    """Make the error of a document that does not fit into memory."""
    return over_limit(
        "This document needs more memory than allowed. Make the image smaller."
    )
