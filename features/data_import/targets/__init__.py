"""The tables that files can be imported into; each module here declares one, as TARGET."""

import importlib
import pkgutil
from collections.abc import Mapping

from features.data_import.utils.declaring import Target


def _declared() -> dict[str, Target]:
    """Import every module of this package, and return their targets by name, sorted."""
    targets: dict[str, Target] = {}
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
        target: Target = importlib.import_module(f"{__name__}.{found.name}").TARGET
        if target.name in targets:
            raise ValueError(f"two import targets are named {target.name}")
        targets[target.name] = target
    return dict(sorted(targets.items()))


TARGETS: Mapping[str, Target] = _declared()
