"""All of OneManage on one machine: servers, migrations, and each process of ours."""

from workers.supervisor.main import main

__all__ = ["main"]
