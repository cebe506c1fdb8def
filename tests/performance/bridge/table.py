"""What was found: lines of a table, or JSON."""

import json
from collections.abc import Sequence
from typing import NamedTuple


class Line(NamedTuple):
    """One figure; `aim` says in words what was wanted, `is_met` whether it is so."""

    part: str
    what: str
    value: float | None = None
    unit: str = ""
    aim: str = ""
    is_met: bool | None = None
    note: str = ""


def at_most(part: str, what: str, value: float, unit: str, most: float) -> Line:
    """Return a line whose value is to be no more than that."""
    return Line(part, what, value, unit, f"< {most:g} {unit}", value < most)


def at_least(part: str, what: str, value: float, unit: str, least: float) -> Line:
    """Return a line whose value is to be no less than that."""
    return Line(part, what, value, unit, f">= {least:g} {unit}", value >= least)


def shown(lines: Sequence[Line]) -> str:
    """Return the lines as a table in Markdown."""
    rows = [("", "measured", "aim", ""), ("---", "---", "---", "---")]
    part = ""
    for line in lines:
        if line.part != part:
            part = line.part
            rows.append((f"**{part}**", "", "", ""))
        verdict = {None: "", True: "met", False: "not met"}[line.is_met]
        value = _figure(line.value) + f" {line.unit}"
        note = f" ({line.note})" if line.note else ""
        rows.append((line.what, (value + note).strip(), line.aim, verdict))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def as_json(lines: Sequence[Line]) -> str:
    """Return the lines as a JSON list of objects."""
    return json.dumps([line._asdict() for line in lines])


def _figure(value: float | None) -> str:
    """Write a number to three digits or so, without an exponent."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
