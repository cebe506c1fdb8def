"""How work in a child process fails: what its owner is told, and who tries again."""

from collections.abc import Iterator
from contextlib import contextmanager

from core.processes import ProcessDied, ProcessFailed, ProcessTimeout
from features.jobs.exceptions import JobFailure, timed_out


@contextmanager
def failures(done: str, advice: str) -> Iterator[None]:
    """Turn what befalls a child process into JobFailure; `done` as in "be parsed".

    `advice`, a whole sentence, is for a file that needs too much memory.
    """
    try:
        yield
    except ProcessTimeout as error:
        raise timed_out(error.seconds) from error
    except ProcessDied as error:
        if error.out_of_memory:
            raise _too_much_memory(advice) from error
        raise JobFailure(
            "INTERNAL",
            f"The process that {done} this file died: {error}",
            retryable=True,
        ) from error
    except MemoryError as error:
        raise _too_much_memory(advice) from error
    except ProcessFailed as error:
        raise JobFailure(
            "INTERNAL", f"This file could not be {done}.", retryable=True
        ) from error


def _too_much_memory(advice: str) -> JobFailure:
    return JobFailure(
        "LIMIT_EXCEEDED",
        f"This file needs more memory than is allowed. {advice}",
        retryable=False,
    )
