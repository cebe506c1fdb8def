# One image for every process; compose.yml says which command each one runs.

FROM node:24-bookworm-slim AS web
WORKDIR /build
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM python:3.12-slim-bookworm AS packages
ENV PDM_CHECK_UPDATE=0 PDM_PYTHON=/app/.venv/bin/python
WORKDIR /app
RUN pip install --no-cache-dir "pdm[locked]==2.29.3"
COPY pyproject.toml pdm.lock ./
# At the path where it is used: a virtual environment's scripts hold it.
RUN python -m venv --without-pip .venv && pdm sync --prod

FROM python:3.12-slim-bookworm
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    ONEMANAGE_DATA_DIR=/data
RUN useradd --system --uid 10001 --home-dir /app --no-create-home onemanage \
    && install --directory --owner onemanage --mode 0700 /data
WORKDIR /app
COPY --from=packages /app/.venv .venv
COPY . .
COPY --from=web /build/dist web/dist
USER 10001
VOLUME /data
CMD ["uvicorn", "server:app", "--host", "127.0.0.1", "--port", "8000", "--http", "resolvers.http.connection:HttpConnection", "--ws", "resolvers.websocket.uvicorn_protocol:GraphQLWebSocketProtocol", "--ws-per-message-deflate", "false", "--ws-max-size", "262144", "--no-access-log", "--timeout-graceful-shutdown", "3"]
