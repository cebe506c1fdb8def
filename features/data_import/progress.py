"""How far an import is, by stages: upload checked, reading, checking, storing."""

from typing import Final

from features.data_import.utils.messages import Checked, Opened, Profiled
from features.jobs.run import Report

CHECKING_UPLOAD: Final = "checking upload"
READING: Final = "reading"
CHECKING: Final = "checking"
STORING: Final = "storing"

_BEGUN: Final = 0.01
_CHECKED: Final = 0.8
_MERGED: Final = 0.95
_REPORTED: Final = 0.99


class ImportProgress:
    """Counts rows and moves through the stages; `report` is what is told of it."""

    def __init__(self) -> None:
        self.message: str | None = None
        self.rows_read = 0
        self.rows_good = 0
        self._stage = CHECKING_UPLOAD
        self._looked_at = 0
        self._total: int | None = None
        self._fraction = 0.0

    @property
    def report(self) -> Report:
        """Return how far it is."""
        return Report(
            self._stage,
            max(self.rows_read, self._looked_at),
            self._total,
            round(self._fraction, 4),
            self.message,
        )

    def reading(self) -> None:
        """The upload is as announced; its rows are looked at."""
        self._stage, self._fraction = READING, _BEGUN

    def profiled(self, message: Profiled) -> None:
        """Rows have been looked at."""
        self._stage = READING
        self._looked_at += message.rows_read
        self._move(message.fraction)

    def opened(self, message: Opened) -> None:
        """It is known what the columns hold."""
        self._stage = CHECKING
        self._total = message.layout.rows
        self._looked_at = self.rows_read = self.rows_good = 0

    def checked(self, message: Checked) -> None:
        """Rows have been checked."""
        self.rows_read += message.rows_read
        self.rows_good += message.rows_good
        self._move(message.fraction)

    def storing(self) -> None:
        """All rows are copied, and are put where they belong."""
        self._stage, self._total = STORING, self.rows_read
        self._fraction = _CHECKED

    def merged(self) -> None:
        """All rows are where they belong."""
        self._fraction = _MERGED

    def reported(self) -> None:
        """The report of the rejected rows is stored."""
        self._fraction = _REPORTED

    def _move(self, share: float) -> None:
        moved = _BEGUN + (_CHECKED - _BEGUN) * min(share, 1.0)
        self._fraction = max(self._fraction, moved)
