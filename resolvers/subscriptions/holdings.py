"""What subscriptions keep in memory of what their clients sent: so much, and no more."""

from collections import Counter
from typing import Final, NamedTuple

from core.errors import AppError, ErrorCode
from core.security import Caller
from resolvers.execution.documents import ParsedDocument, Prepared
from resolvers.subscriptions.key import written

MAX_VARIABLES_BYTES: Final = 16 * 1024
MAX_DOCUMENTS_BYTES: Final = 64 * 1024 * 1024


class Holding(NamedTuple):
    """One subscription's hold on its document, for its user."""

    user_id: str
    document: ParsedDocument


class Holdings:
    """The documents that the subscriptions of each user in this process keep.

    Each is counted once for a user, however many of their subscriptions are of it.
    """

    def __init__(self) -> None:
        self._held: Counter[Holding] = Counter()
        self._bytes: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return how many subscriptions hold something."""
        return self._held.total()

    def bytes_of(self, user_id: str) -> int:
        """Return what the documents of a user's subscriptions take."""
        return self._bytes[user_id]

    def take(self, prepared: Prepared, caller: Caller) -> Holding:
        """Count a subscription that begins; AppError LIMIT_EXCEEDED beyond a limit."""
        _check_variables(prepared)
        holding = Holding(caller.user_id, prepared.parsed)
        if not self._held[holding]:
            self._check_documents(holding)
            self._bytes[holding.user_id] += holding.document.size
        self._held[holding] += 1
        return holding

    def leave(self, holding: Holding) -> None:
        """Count one that has ended."""
        self._held[holding] -= 1
        if self._held[holding]:
            return
        del self._held[holding]
        self._bytes[holding.user_id] -= holding.document.size
        if not self._bytes[holding.user_id]:
            del self._bytes[holding.user_id]

    def _check_documents(self, holding: Holding) -> None:
        if self._bytes[holding.user_id] + holding.document.size > MAX_DOCUMENTS_BYTES:
            raise AppError(
                ErrorCode.LIMIT_EXCEEDED,
                "The documents of all your subscriptions may take at most "
                f"{MAX_DOCUMENTS_BYTES // 1024**2} MiB on a gateway. End some, or send "
                "the same document with other variables.",
            )


def _check_variables(prepared: Prepared) -> None:
    size = len(written(prepared.variables))
    if size > MAX_VARIABLES_BYTES:
        raise AppError(
            ErrorCode.LIMIT_EXCEEDED,
            f"The variables of a subscription may have at most {MAX_VARIABLES_BYTES} "
            f"bytes as JSON; these have {size}.",
        )
