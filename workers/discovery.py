"""Finding what features bring along: tables, tasks and event handlers."""

from importlib import import_module
from pkgutil import iter_modules

import features


def import_all(module: str) -> None:
    """Import `features.<name>.<module>` of every feature that has it."""
    for feature in iter_modules(features.__path__, "features."):
        package = import_module(feature.name)
        names = {found.name for found in iter_modules(package.__path__)}
        if module in names:
            import_module(f"{feature.name}.{module}")
