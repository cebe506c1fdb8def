"""What is shown while the sample is under way."""

from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

Json = dict[str, Any]


class Display(Protocol):
    """Tells a person how far the sample is."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: Any) -> None: ...

    def uploaded(self, sent: int, total: int) -> None:
        """Tell how many bytes have been sent."""

    def happened(self, event: Json) -> None:
        """Tell what a job's event says."""


def display_for(console: Console) -> Display:
    """Choose bars for a terminal, a few plain lines for anything else."""
    return Bars(console) if console.is_terminal else Lines(console)


class Bars:
    """Two live bars: one for the upload, one for the layers."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<9}"),
            BarColumn(36),
            TaskProgressColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._upload = self._progress.add_task("Upload", note="")
        self._layers: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def uploaded(self, sent: int, total: int) -> None:
        """Move the first bar."""
        note = f"{sent / 1e6:.1f} of {total / 1e6:.1f} MB"
        self._progress.update(self._upload, completed=sent, total=total, note=note)

    def happened(self, event: Json) -> None:
        """Move the second bar, and name the newest layer."""
        if self._layers is None:
            self._layers = self._progress.add_task("Layers", total=1.0, note="")
        fraction = event["job"]["progress"]["fraction"]
        self._progress.update(self._layers, completed=fraction, note=note_of(event))


class Lines:
    """A line for each stage and each quarter of the way."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._quarter = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def uploaded(self, sent: int, total: int) -> None:
        """Say that the upload is done."""
        if sent == total:
            self._console.print(f"Uploaded {total / 1e6:.1f} MB")

    def happened(self, event: Json) -> None:
        """Say where the job is, when another quarter is done."""
        fraction = event["job"]["progress"]["fraction"]
        if int(fraction * 4) > self._quarter or event["__typename"] == "JobRetrying":
            self._quarter = int(fraction * 4)
            self._console.print(
                f"{fraction:4.0%} {note_of(event)}", markup=False, highlight=False
            )


def note_of(event: Json) -> str:
    """Put an event into a few words: the newest layer, or the stage."""
    kind = event["__typename"]
    if kind == "PsdLayersExported" and event["layers"]:
        return f"{_count(event)} {event['layers'][-1]['name']}".strip()
    if kind == "JobRetrying":
        return f"trying again: {event['error']['message']}"
    if kind == "JobProgressed":
        return f"{event['job']['progress']['stage']} {_count(event)}".strip()
    return {
        "JobQueued": "waiting for a worker",
        "JobStarted": "reading the file",
        "PsdPreviewReady": "the preview is there",
        "JobSucceeded": "done",
        "JobFailed": "failed",
        "JobCanceled": "canceled",
    }.get(kind, "")


def _count(event: Json) -> str:
    progress = event["job"]["progress"]
    return f"{progress['done']}/{progress['total']}" if progress["total"] else ""
