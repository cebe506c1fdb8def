"""The context of one operation: who calls, the services, and fresh loaders."""

from typing import Any

from strawberry.types.info import Info as StrawberryInfo

from core.container import Container
from core.security import Caller
from schema.loaders import Loaders


class Context:
    """Made for each operation. A subscription makes its loaders anew for each event."""

    def __init__(self, caller: Caller, container: Container) -> None:
        self.caller = caller
        self.container = container
        self.loaders = Loaders(container)
        self.connection_params: dict[str, Any] | None = None
        # Where a subscription resumes, whatever its argument says.
        self.resume_after: str | None = None
        # The cursor of the event that a subscription shows now.
        self.cursor: str | None = None

    def get[T](self, kind: type[T]) -> T:
        """Return a service."""
        return self.container.get(kind)

    def forget_loaded(self) -> None:
        """Begin with fresh loaders, so that the next event shows what is there then."""
        self.loaders = Loaders(self.container)

    @property
    def owner_id(self) -> str | None:
        """Whose rows lists show: the caller's own; None, everybody's, for administrators."""
        return None if self.caller.is_admin else self.caller.user_id


type Info = StrawberryInfo[Context, None]
