"""The ASGI app; run as a program, all of OneManage on this machine."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.logging import configure_logging


async def healthz(request: Request) -> Response:
    """Answer as long as the process is alive."""
    return JSONResponse({"status": "ok"})


if __name__ == "__main__":
    from workers.supervisor import main

    main()
else:
    configure_logging("gateway")

app = Starlette(routes=[Route("/healthz", healthz), Route("/readyz", healthz)])
