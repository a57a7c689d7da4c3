"""A stop that loses no request: kept connections are closed after an answer that says so, not under a new request."""

import asyncio
import socket
import time

import uvicorn
from fastapi import FastAPI

DRAIN_SECONDS = 3.0  # that a kept connection may stay silent after a stop before it is closed
PAUSE_SECONDS = 0.05


class DrainingServer(uvicorn.Server):
    """On a stop it takes no new connections, and tells the application, which closes each with its next answer."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then stop as any server does."""
        for server in self.servers:
            server.close()
        self._app.state.closing = True
        ends = time.monotonic() + DRAIN_SECONDS
        while self.server_state.connections and time.monotonic() < ends:
            await asyncio.sleep(PAUSE_SECONDS)
        await super().shutdown(sockets)
