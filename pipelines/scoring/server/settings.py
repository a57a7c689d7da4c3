"""Settings and limits of `empathy serve`."""

import ipaddress
from dataclasses import dataclass

from pipelines.errors import UserError

KEY_VARIABLE = "EMPATHY_API_KEY"
SHORTEST_KEY = 16  # characters


@dataclass(frozen=True)
class Limits:
    """What one request, and all that wait, may hold.

    body: bytes. text: characters of a turn or reply. turns: of a context or dialogue. candidates: replies to one
    context. queue: pairs that wait to be scored.
    """

    body: int = 128 * 1024
    text: int = 4_000
    turns: int = 64
    candidates: int = 64
    queue: int = 512


@dataclass(frozen=True)
class ServerSettings:
    """Where to listen; off loopback an API key is needed."""

    host: str = "127.0.0.1"
    port: int = 8000
    api_key: str | None = None
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise UserError(f"--port: expected 0 to 65535, got {self.port}")
        if self.api_key is not None and len(self.api_key) < SHORTEST_KEY:
            raise UserError(f"{KEY_VARIABLE}: expected at least {SHORTEST_KEY} characters, got {len(self.api_key)}")
        if self.api_key is None and not is_loopback(self.host):
            raise UserError(
                f"--host {self.host}: expected an API key in the environment variable {KEY_VARIABLE}, since others can "
                "reach this address; set it, or listen on 127.0.0.1"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
