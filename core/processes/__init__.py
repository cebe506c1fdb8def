"""CPU work in warm child processes that can be killed at any moment."""

from core.processes.errors import (
    ProcessDied,
    ProcessError,
    ProcessFailed,
    ProcessTimeout,
)
from core.processes.pool import ProcessPool
from core.processes.sharing import share

__all__ = [
    "ProcessDied",
    "ProcessError",
    "ProcessFailed",
    "ProcessPool",
    "ProcessTimeout",
    "share",
]
