"""A run in figures, as a part of docs/reliability.md."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from textwrap import fill

from tests.chaos.facts import Facts
from tests.chaos.faults import Injected


@dataclass
class Figures:
    """What is told of a run besides the facts."""

    seed: int
    began: float = 0.0
    calmed: float = 0.0
    ended: float = 0.0
    injected: Sequence[Injected] = ()
    ended_by_themselves: Sequence[str] = ()
    sockets: int = 0
    troubles: int = 0
    repeated_calls: int = 0
    pictures: int = 0
    violations: list[str] = field(default_factory=list)


def report(figures: Figures, facts: Facts) -> str:
    """Return the report in Markdown."""
    return "\n".join(
        [
            *_summary(figures, facts),
            "",
            *_faults(figures.injected),
            "",
            *_jobs(facts),
            "",
            *_violations(figures),
        ]
    )


def _summary(figures: Figures, facts: Facts) -> Iterator[str]:
    attempts = sum(job.attempt for job in facts.jobs)
    again = figures.sockets - len(facts.watched)
    events = len(facts.events) + len(facts.other_events)
    seen = sum(len(watch.seen) for watch in facts.watched)
    minutes = (figures.calmed - figures.began) / 60
    rest = figures.ended - figures.calmed
    alone = Counter(figures.ended_by_themselves)
    ended = ", ".join(f"{name} ({number})" for name, number in alone.items())
    for line in (
        f"Seed {figures.seed}: {len(figures.injected)} faults in {minutes:.1f} minutes, "
        f"then {rest:.0f} s until nothing was left to do.",
        f"{len(facts.jobs)} jobs in {attempts} attempts. Clients repeated "
        f"{figures.repeated_calls} calls that broke.",
        f"{len(facts.watched)} subscribers reconnected {again} times, were told "
        f"{figures.troubles} times that something went wrong, and saw {seen} events.",
        f"{events} events in the log; {len(facts.documents)} documents, "
        f"{len(facts.layers)} layers, {len(facts.objects)} pictures, all of them read "
        f"in the store, {figures.pictures} through the API.",
        f"Processes that ended by themselves: {ended or 'none'}.",
    ):
        yield fill(line, 120, initial_indent="* ", subsequent_indent="  ")


def _faults(injected: Sequence[Injected]) -> Iterator[str]:
    running = defaultdict(list)
    for one in injected:
        running[one.fault.kind.name].append(one.running)
    yield "| fault | times | jobs running at each |"
    yield "| --- | --- | --- |"
    for name, numbers in sorted(running.items()):
        yield f"| {name} | {len(numbers)} | {', '.join(map(str, numbers))} |"


def _jobs(facts: Facts) -> Iterator[str]:
    ends = ("SUCCEEDED", "FAILED", "CANCELED")
    rows = {row.id: row for row in facts.jobs}
    counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in facts.accepted:
        if row := rows.get(one.job_id):
            counted[one.kind][row.status] += 1
            counted[one.kind]["again"] += row.attempt > 1
    yield f"| job | {' | '.join(ends)} | more than one attempt |"
    yield "| --- | --- | --- | --- | --- |"
    for kind, counts in sorted(counted.items()):
        numbers = " | ".join(str(counts[end]) for end in (*ends, "again"))
        yield f"| {kind} | {numbers} |"


def _violations(figures: Figures) -> Iterator[str]:
    yield f"Violations: {len(figures.violations)}"
    yield from (f"* {violation}" for violation in figures.violations)
