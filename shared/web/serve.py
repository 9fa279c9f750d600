"""Serving one app: what `python -m apps.<name>.main` does."""

import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from shared.errors import ConfigurationError, DomainError
from shared.settings import load
from shared.telemetry import logs
from shared.telemetry.internal import internal_port
from shared.web.health import is_ready
from shared.web.protocol import BoundedProtocol
from shared.web.services import Services
from shared.web.settings import WebSettings

# Longer than the load balancer keeps an idle connection (60 s): it must be the one that closes.
KEEP_ALIVE_S = 75
# Below the platform's own patience (30 s from SIGTERM to SIGKILL).
DRAIN_S = 25
BACKLOG = 4_096
CONNECTIONS = 10_000

S = TypeVar("S", bound=WebSettings)

log = logging.getLogger(__name__)


def serve(create_app: Callable[[S], FastAPI], kind: type[S]) -> int:
    """Serve the app until SIGTERM or SIGINT, then drain. Returns the process's exit code.

    Settings of `kind` come from the environment; what is wrong with them, or a port in use, is
    one sentence on stderr and exit code 1.
    """
    try:
        settings = load(kind)
        logs.configure(settings)
        app = create_app(settings)
        listener = listen(settings.host, settings.port)
    except DomainError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1
    with listener:
        return _run(app, settings, listener)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises `ConfigurationError` where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Two that have bound the same address with SO_REUSEADDR find out only here.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"port {port} is in use: stop what uses it or set FORTRESS_PORT to another"
            ) from None
        raise ConfigurationError(
            f"FORTRESS_HOST, FORTRESS_PORT: {host}:{port} cannot be listened on ({error.strerror})"
        ) from None
    return listener


def server_config(app: ASGIApp, settings: WebSettings) -> uvicorn.Config:
    """How uvicorn serves: every bound that it has, set."""
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        backlog=BACKLOG,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
    )


class Server(uvicorn.Server):
    """A server that says that it drains, and ends without raising the signal again."""

    def __init__(self, config: uvicorn.Config, services: Services, *, leave_s: float = 0.0) -> None:
        super().__init__(config)
        self._services = services
        self._leave_s = leave_s

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self.drain)
        try:
            yield
        finally:
            for sign in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(sign)

    def drain(self) -> None:
        """Say that this process goes away, and after `leave_s` take nothing new and end when what
        is under way is answered; asked twice, end now.
        """
        if self._services.draining:
            self.force_exit = True
            self._close()
        elif self._leave_s:
            asyncio.get_running_loop().call_later(self._leave_s, self._close)
        else:
            self._close()
        self._services.draining = True

    def _close(self) -> None:
        self.should_exit = True


def _run(app: FastAPI, settings: WebSettings, listener: socket.socket) -> int:
    services: Services = app.state.services
    config = server_config(app, settings)
    server = Server(config, services, leave_s=settings.leave_s)

    async def run() -> None:
        async with internal_port(settings.internal_port, lambda: is_ready(services)):
            await server.serve(sockets=[listener])

    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(run())
    except DomainError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1
    return 0 if server.started else 1
