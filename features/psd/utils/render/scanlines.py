"""psd-tools' filling of paths, without the SciPy that its package brings along.

That takes a second of CPU at the start of every process, and filling needs none of it.
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

import psd_tools

_FILE: Final = Path(psd_tools.__file__).parent / "composite" / "scanline.py"


def _loaded() -> ModuleType:
    spec = spec_from_file_location("psd_tools_scanline", _FILE)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_module: Final = _loaded()
fill_coverage: Final = _module.fill_coverage
flatten_cubics: Final = _module.flatten_cubics
