"""What mutations that delete answer."""

import strawberry

from core.errors import AppError
from schema.errors import UserError, user_errors


@strawberry.type
class DeletePayload:
    """What was deleted, or why nothing was."""

    deleted_id: strawberry.ID | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)

    @classmethod
    def refused(cls, error: AppError) -> "DeletePayload":
        """Say that nothing was deleted."""
        return cls(user_errors=user_errors(error))
