"""What may go wrong in a child process, and how its exceptions cross the border."""

import io
import pickle
import signal
import sys
import traceback
from typing import Any, Final

_MAX_MESSAGE: Final = 4_096
_MAX_TRACEBACK: Final = 16_384
_MAX_PICKLE: Final = 65_536


class ProcessError(Exception):
    """A call in a child process came to no good end of its own."""


class ProcessTimeout(ProcessError):
    """The call ran out of time, and its process was killed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"no end after {self.seconds:g} s: the process was killed"


class ProcessDied(ProcessError):
    """The process ended in the middle of a call, without being told to.

    `exit_code` is negative for a signal, as in `subprocess`. `out_of_memory` is True
    where a memory limit (the process' own or the machine's) is the likely reason.
    """

    def __init__(self, exit_code: int, *, out_of_memory: bool = False) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code
        self.out_of_memory = out_of_memory

    @property
    def how(self) -> str:
        """Name the signal (``SIGSEGV``), or tell the exit code (``exit code 3``)."""
        if self.exit_code >= 0:
            return f"exit code {self.exit_code}"
        try:
            return signal.Signals(-self.exit_code).name
        except ValueError:
            return f"signal {-self.exit_code}"

    def __str__(self) -> str:
        reason = ", probably for want of memory" if self.out_of_memory else ""
        return f"the process died: {self.how}{reason}"


class ProcessFailed(ProcessError):
    """The function raised what cannot cross as itself: its type's name, its message."""

    def __init__(self, type_name: str, message: str) -> None:
        super().__init__(type_name, message)
        self.type_name = type_name
        self.message = message

    def __str__(self) -> str:
        return f"{self.type_name}: {self.message}"


def dump_error(error: BaseException) -> bytes:
    """Serialise an exception, with its traceback as a note, in bounded size.

    Every kind of MemoryError (numpy has its own) becomes the plain one.
    """
    # The frames keep the failed function's data alive: free it before more is made.
    traceback.clear_frames(error.__traceback__)
    lines = traceback.format_exception(error)
    error.__traceback__ = error.__cause__ = error.__context__ = None
    if isinstance(error, MemoryError):
        error = MemoryError(str(error) or "out of memory")
    error.add_note(f"In the child process:\n{''.join(lines)[-_MAX_TRACEBACK:]}")
    name, message = type(error).__name__, str(error)[:_MAX_MESSAGE]
    return pickle.dumps((name, message, _portable(error)))


def load_error(body: bytes) -> Exception:
    """Revive what `dump_error` made: the exception itself, or a `ProcessFailed`.

    Imports nothing: nobody waits for an exception whose module is not imported yet.
    """
    name, message, form = pickle.loads(body)
    try:
        if form is not None:
            return _revive(form)
    except Exception as cause:
        failed = ProcessFailed(name, message)
        failed.__cause__ = cause
        return failed
    return ProcessFailed(name, message)


def _portable(error: BaseException) -> bytes | None:
    """Return a pickle that is known to bring the exception back, else None.

    Pickle calls ``cls(*args)``, which fails where `__init__` takes more than it hands
    to `Exception.__init__`; then the exception is rebuilt from its attributes.
    """
    if not isinstance(error, Exception):
        return None
    portrait = (type(error), error.args, error.__dict__)
    for candidate in (error, portrait):
        try:
            form = pickle.dumps(candidate)
            same = type(_revive(form)) is type(error)
        except Exception:
            continue
        if same and len(form) <= _MAX_PICKLE:
            return form
    return None


def _revive(form: bytes) -> Exception:
    revived: Any = _Unpickler(io.BytesIO(form)).load()
    if isinstance(revived, tuple):
        cls, args, attributes = revived
        revived = cls.__new__(cls, *args)
        revived.args = args
        revived.__dict__.update(attributes)
    if not isinstance(revived, Exception):
        raise TypeError(f"not an exception: {type(revived).__name__}")
    return revived


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        if module_name not in sys.modules:
            raise pickle.UnpicklingError(f"{module_name} is not imported here")
        return super().find_class(module_name, global_name)
