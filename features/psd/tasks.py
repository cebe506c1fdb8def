"""What the task worker and the event consumer run for PSDs."""

from taskiq import Context, TaskiqDepends, async_shared_broker

from core.broker import Settlement
from core.container import Container
from events.consumer import on_event
from events.schemas import EventBody
from features.psd.exporting import PsdExporter
from features.psd.exports import EXPORT_TASK
from features.psd.parsing import PsdParser
from features.psd.preview_requests import REMAKE_TASK
from features.psd.previews import PsdPreviews
from features.psd.remaking import PreviewRemaker
from features.psd.services import PARSE_TASK


@async_shared_broker.task(task_name=PARSE_TASK)
async def parse_export(job_id: str, context: Context = TaskiqDepends()) -> Settlement:
    """Parse a PSD and export its layers."""
    container: Container = context.state.container
    return await container.get(PsdParser).parse(job_id)


@async_shared_broker.task(task_name=REMAKE_TASK)
async def remake_previews(
    document_id: str, context: Context = TaskiqDepends()
) -> Settlement:
    """Make a document's previews again."""
    container: Container = context.state.container
    await container.get(PreviewRemaker).remake(document_id)
    return None


@async_shared_broker.task(task_name=EXPORT_TASK)
async def export_pictures(
    job_id: str, context: Context = TaskiqDepends()
) -> Settlement:
    """Draw pictures of a parsed PSD."""
    container: Container = context.state.container
    return await container.get(PsdExporter).export(job_id)


@on_event("events.psd.parse_export.completed.*")
async def on_psd_parse_completed_publish_preview(
    event: EventBody, container: Container
) -> None:
    """Publish the previews of a document whose parse has completed."""
    if event.job and event.job.result is not None:
        await container.get(PsdPreviews).publish(event.job.result.id)
