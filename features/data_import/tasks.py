"""What the task worker runs for imports."""

from taskiq import Context, TaskiqDepends, async_shared_broker

from core.broker import Settlement
from core.container import Container
from features.data_import.importing import DataImporter
from features.data_import.services import IMPORT_TASK


@async_shared_broker.task(task_name=IMPORT_TASK)
async def import_data(job_id: str, context: Context = TaskiqDepends()) -> Settlement:
    """Import a file's rows."""
    container: Container = context.state.container
    return await container.get(DataImporter).run(job_id)
