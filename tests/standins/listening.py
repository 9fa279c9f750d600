"""What every stand-in server does: listen on a free port, and take up TLS when it is time."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from typing import Protocol, TypeVar

import trustme

HOST = "localhost"
# Ways of a client to go: none of these is a fault of the stand-in.
GONE = (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError)


class Server(Protocol):
    port: int

    async def serve(self, sock: socket.socket) -> None:
        """Handle one client until it leaves; the socket is closed after."""


S = TypeVar("S", bound=Server)


@asynccontextmanager
async def listening(server: S) -> AsyncIterator[S]:
    """`server` on a free port of this machine, until the block ends."""
    loop = asyncio.get_running_loop()
    clients: set[asyncio.Task[None]] = set()

    async def handle(sock: socket.socket) -> None:
        with closing(sock), suppress(*GONE):
            await server.serve(sock)

    async def accept(listener: socket.socket) -> None:
        while True:
            sock, _ = await loop.sock_accept(listener)
            task = asyncio.create_task(handle(sock))
            clients.add(task)
            task.add_done_callback(clients.discard)

    with closing(socket.create_server(("127.0.0.1", 0), backlog=128)) as listener:
        listener.setblocking(False)
        server.port = listener.getsockname()[1]
        accepting = asyncio.create_task(accept(listener))
        try:
            yield server
        finally:
            tasks = [accepting, *clients]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """A server's TLS with a certificate of `authority` for `names`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context


async def start_tls(
    sock: socket.socket, context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Go on over TLS. Nothing of it may have been read from `sock` yet."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    # The transport closes what it is given, in its own time: it gets a copy.
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, sock.dup(), ssl=context)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
