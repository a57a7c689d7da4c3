"""Settings and limits of `empathy serve`, and the sockets that it listens on."""

import errno
import ipaddress
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pipelines.errors import UserError

KEY_VARIABLE = "EMPATHY_API_KEY"
KEY_HEADER = "X-API-Key"
SHORTEST_KEY = 16  # characters
HIGHEST_PORT = 65535
ANY_ORIGIN = "*"


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
    """Where to listen; off loopback an API key is needed. cors: origins whose pages in a browser may ask."""

    host: str = "127.0.0.1"
    port: int = 8000
    api_key: str | None = None
    limits: Limits = Limits()
    cors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_port(self.port)
        if self.api_key is not None and len(self.api_key) < SHORTEST_KEY:
            raise UserError(f"{KEY_VARIABLE}: expected at least {SHORTEST_KEY} characters, got {len(self.api_key)}")
        if self.api_key is None and not is_loopback(self.host):
            raise UserError(
                f"--host {self.host}: expected an API key in the environment variable {KEY_VARIABLE}, since others can "
                "reach this address; set it, or listen on 127.0.0.1"
            )
        for origin in self.cors:
            if not is_origin(origin):
                raise UserError(
                    f"--cors {origin}: expected an origin, which is a scheme, a host and no path, such as "
                    f"https://example.org or http://localhost:3000; or {ANY_ORIGIN} for every page"
                )


def check_port(port: int) -> None:
    """Raise UserError where no program can listen on `port`."""
    if not 1 <= port <= HIGHEST_PORT:
        raise UserError(f"--port {port}: expected 1 to {HIGHEST_PORT}, such as 8000")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_origin(text: str) -> bool:
    """Whether `text` is what a browser calls an origin, or stands for all of them."""
    if text == ANY_ORIGIN:
        return True
    try:
        parts = urlsplit(text)
        origin = f"{parts.scheme}://{parts.netloc}"
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and text == origin
    except ValueError:  # of a port that is no number
        return False


def bound_sockets(host: str, port: int) -> list[socket.socket]:
    """Sockets of every address of `host`, which do not listen yet. Raises UserError where there is none to be had."""
    check_port(port)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UserError(_no_address(host)) from error
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    for family, kind, protocol, _, address in dict.fromkeys(found):
        try:
            sockets.append(_bound(family, kind, protocol, address))
        except OSError as error:
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                close_all(sockets)
                raise UserError(why_not(error, host, port)) from error
            missing = error  # such as ::1 where there is no IPv6
    if not sockets:
        raise UserError(_no_address(host)) from missing
    return sockets


def check_free(host: str, port: int) -> None:
    """Raise UserError where another program listens on `port`, or it cannot be opened."""
    close_all(bound_sockets(host, port))


def close_all(sockets: list[socket.socket]) -> None:
    """Close sockets."""
    for one in sockets:
        one.close()


def why_not(error: OSError, host: str, port: int) -> str:
    """What is wrong with a port that cannot be opened, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port}: expected a free port, it is in use by another program; choose another with --port"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"port {port}: expected a port that this user may open, such as 8000; choose another with --port"
    return f"{host}, port {port}: expected an address to listen on: {error.strerror or error}"


def _bound(family: int, kind: int, protocol: int, address: Any) -> socket.socket:
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # not to wait for connections of a stopped server
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # IPv4 has a socket of its own
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


def _no_address(host: str) -> str:
    return f"--host {host}: expected an address of this machine, such as 127.0.0.1 or 0.0.0.0"
