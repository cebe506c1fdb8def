"""How an attempt can end other than well."""

from events.schemas import JobErrorBody


class JobFailure(Exception):
    """The attempt failed, with a reason for the person who started the job.

    `retryable` says that the same input may succeed later.
    """

    def __init__(self, code: str, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.error = JobErrorBody(code, message, retryable)


def timed_out(seconds: float) -> JobFailure:
    """Make the failure of an attempt that took longer than `seconds`."""
    return JobFailure(
        "TIMEOUT",
        f"The attempt took longer than {seconds:g} s and was ended.",
        retryable=True,
    )


class Refused(Exception):
    """A job is not as a change needs it: nothing has been changed."""


class PlacesHeld(Exception):
    """Somebody holds an owner's places for longer than a group of changes may wait."""


class ClaimLost(Refused):
    """The job was cancelled or taken over: this worker may write nothing more."""


class JobBusy(Refused):
    """Another worker holds the job and is alive; look again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"busy; look again in {seconds} s")
        self.seconds = seconds


class UnknownJob(Refused):
    """A message names a job that PostgreSQL does not know."""
