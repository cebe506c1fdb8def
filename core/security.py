"""Who is calling."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind a request; administrators may see what others own."""

    user_id: str
    is_admin: bool

    def as_viewer(self) -> "Caller":
        """Return somebody who sees just the same, for what is shown to all who do.

        Administrators see alike; of others, each sees what is theirs.
        """
        return Caller("", is_admin=True) if self.is_admin else self

    def may_see(self, owner_id: str | None) -> bool:
        """Tell whether the caller may see what `owner_id` owns (None: nobody's)."""
        return self.is_admin or owner_id == self.user_id
