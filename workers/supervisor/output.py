"""The children's lines, passed through with the name of the process."""

import json
import os
import sys
import zlib
from contextlib import suppress

from core.logging import for_people, wants_colour

COLOURS = (36, 35, 34, 33, 32, 96, 95, 94)


def echo(name: str, line: str) -> None:
    """Write one line of a child's output to stderr."""
    if for_people():
        text = f"{_painted(f'{name:<14}')} {line}"
    elif line.startswith("{"):
        text = line
    else:
        text = json.dumps({"process": name, "message": line}, ensure_ascii=False)
    # A terminal that has gone must not stop a child at its next line.
    with suppress(OSError, ValueError):
        sys.stderr.write(text + os.linesep)
        sys.stderr.flush()


def _painted(name: str) -> str:
    if not wants_colour():
        return name
    # crc32 and not hash(): the same colour at every start.
    colour = COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]
    return f"\x1b[{colour}m{name}\x1b[0m"
