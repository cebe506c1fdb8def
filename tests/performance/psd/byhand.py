"""What people do by hand: ``python -m tests.performance.psd.byhand FILE loop|composite``.

Prints the seconds of wall clock, of CPU, and the bytes of all PNGs, as JSON.
"""

import io
import json
import sys
import time

from psd_tools import PSDImage


def loop(path: str) -> int:
    """Encode each layer as PNG by Pillow; return the bytes of all of them."""
    size = 0
    for layer in PSDImage.open(path).descendants():
        picture = layer.topil()
        if picture is not None:
            buffer = io.BytesIO()
            picture.save(buffer, "PNG")
            size += buffer.tell()
    return size


def composite(path: str) -> int:
    """Compose the visible layers anew."""
    PSDImage.open(path).composite(ignore_preview=True)
    return 0


if __name__ == "__main__":
    run = {"loop": loop, "composite": composite}[sys.argv[2]]
    wall, cpu = time.perf_counter(), time.process_time()
    size = run(sys.argv[1])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"seconds": wall, "cpu": cpu, "size": size}))
