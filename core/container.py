"""Services made on demand from the types that their constructors ask for.

What cannot be made that way (connections, settings) is given when a process starts.
"""

from typing import Any, get_type_hints


class Missing(LookupError):
    """Nothing was given for a type; the message says who asks for it."""


class Container:
    """Makes each service once per process."""

    def __init__(self) -> None:
        self._made: dict[type[Any], Any] = {}

    def give[T](self, kind: type[T], instance: T) -> None:
        """Use `instance` wherever a constructor asks for `kind`."""
        self._made[kind] = instance

    def get[T](self, kind: type[T]) -> T:
        """Return the process' instance of `kind`, made now if it is not there yet."""
        if kind not in self._made:
            self._made[kind] = self._make(kind)
        made: T = self._made[kind]
        return made

    def _make[T](self, kind: type[T]) -> T:
        if not kind.__module__.startswith(("core.", "events.", "features.")):
            raise Missing(f"nothing was given for {kind.__name__}")
        hints = get_type_hints(kind.__init__)
        hints.pop("return", None)
        try:
            arguments = {name: self.get(hint) for name, hint in hints.items()}
        except Missing as missing:
            raise Missing(f"{missing}, which {kind.__name__} asks for") from None
        return kind(**arguments)
