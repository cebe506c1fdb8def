"""Work on a PSD in a child process: what it may take, and how it fails."""

from contextlib import AbstractContextManager

from core.config import Settings
from features.jobs.failures import failures as failures_of
from features.psd.utils import Limits


def limits_of(settings: Settings) -> Limits:
    """Return what a document may ask for."""
    return Limits(
        max_side=settings.psd_max_side,
        max_layers=settings.psd_max_layers,
        max_pixels=settings.psd_max_pixels,
    )


def failures(done: str) -> AbstractContextManager[None]:
    """Turn what befalls a child process into JobFailure; `done` as in "be parsed"."""
    return failures_of(done, "Save it with fewer or smaller layers.")
