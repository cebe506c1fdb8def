"""Dead letters in the graph."""

from datetime import datetime
from typing import Self

import strawberry

from features.jobs.models import DeadLetter as DeadLetterRow
from schema.context import Info
from schema.jobs import Job, load_job
from schema.node import Node


@strawberry.type(
    description="A job that used up its attempts, or a message that no worker "
    "understood."
)
class DeadLetter(Node):
    """What cannot be worked on."""

    job_id: strawberry.Private[str | None]
    at: datetime
    reason: str
    message: str = strawberry.field(
        description="The message as it was found, cut to 4 KiB."
    )

    @classmethod
    def of(cls, row: DeadLetterRow) -> Self:
        """Show a row."""
        return cls(
            id=strawberry.ID(row.id),
            job_id=row.job_id,
            at=row.at,
            reason=row.reason,
            message=row.message,
        )

    @strawberry.field(description="Null for a message that named no job.")
    async def job(self, info: Info) -> Job | None:
        """The job whose message it was."""
        return await load_job(info, self.job_id) if self.job_id is not None else None
