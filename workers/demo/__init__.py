"""The sample design, and the client that sends it when OneManage is new."""

from workers.demo.client import run_demo

__all__ = ["run_demo"]
