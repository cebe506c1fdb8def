"""The context of one operation: who calls, the services, and fresh loaders."""

from strawberry.types.info import Info as StrawberryInfo

from core.container import Container
from core.security import Caller
from schema.loaders import Loaders


class Context:
    """Made for each operation, and for each event of a subscription."""

    def __init__(self, caller: Caller, container: Container) -> None:
        self.caller = caller
        self.container = container
        self.loaders = Loaders(container)
        # Where a subscription resumes, whatever its argument says.
        self.resume_after: str | None = None

    def get[T](self, kind: type[T]) -> T:
        """Return a service."""
        return self.container.get(kind)

    @property
    def owner_id(self) -> str | None:
        """Whose rows lists show: the caller's own; None, everybody's, for administrators."""
        return None if self.caller.is_admin else self.caller.user_id


type Info = StrawberryInfo[Context, None]
