"""A stand-in for RDS Proxy: TLS, IAM tokens really checked, a real server behind, pins recorded.

Each client has a backend connection of its own (nothing is multiplexed), so what is proven here is
what a client may do and what would pin it, not how connections are shared.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field

import aiomysql
import trustme
from pymysql.charset import charset_by_id
from pymysql.constants import CLIENT, COMMAND
from sqlalchemy.engine import URL, make_url

from shared.clock import Clock, SystemClock
from tests.standins import mysql_wire as wire
from tests.standins.listening import HOST, listening, server_context, start_tls
from tests.standins.pinning import why_pinned
from tests.standins.tokens import AccessKey, Expected, TokenRefusedError, verify

CHUNK = 65_536


@dataclass(frozen=True)
class SignIn:
    user: str
    token: str
    program: str


@dataclass(frozen=True)
class Pin:
    """A statement that would pin its client, and the test that sent it."""

    reason: str
    statement: str
    program: str
    test: str


@dataclass
class Seen:
    """What a proxy saw. `refused` has the reasons, which clients do not get to know."""

    sign_ins: list[SignIn] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    statements: int = 0
    exempt: int = 0
    pins: list[Pin] = field(default_factory=list)


@dataclass
class RdsProxy:
    """`backend` names the server and how the proxy itself signs in there.

    Clients whose program name is in `may_pin` are let do what pins; it is counted, not listed.
    """

    backend: URL
    tls: ssl.SSLContext
    key: AccessKey
    region: str = "us-east-1"
    users: frozenset[str] = frozenset({"app"})
    may_pin: frozenset[str] = frozenset()
    clock: Clock = field(default_factory=SystemClock)
    seen: Seen = field(default_factory=Seen)
    port: int = 0

    def url(self, database: str | None, user: str = "app") -> str:
        """The URL that a client uses; it has no password."""
        return f"mysql+aiomysql://{user}@{HOST}:{self.port}/{database or ''}"

    async def serve(self, sock: socket.socket) -> None:
        """Handle one client until it leaves."""
        probe = self._server(None)
        with closing(probe):
            await probe._connect()
        greeting = wire.greeting(version=probe.server_version, offers_tls=True)
        await asyncio.get_running_loop().sock_sendall(sock, greeting.encode())
        asked = await wire.receive(sock)
        if len(asked.payload) != wire.TLS_REQUEST_SIZE:
            return  # RDS Proxy with TLS required lets nobody in without it
        reader, writer = await start_tls(sock, self.tls)
        with closing(writer):
            login, password = await _ask_in_clear(reader, writer)
            refusal = self._refusal(login, password.payload)
            if refusal:
                self.seen.refused.append(refusal)
                text = f"Access denied for user '{login.user}'"
                writer.write(wire.error(password.seq + 1, wire.ACCESS_DENIED, text).encode())
                await writer.drain()
                return
            await self._relay(login, password, reader, writer)

    def _refusal(self, login: wire.Login, password: bytes) -> str | None:
        if login.user not in self.users:
            return f"no user {login.user}"
        expected = Expected(HOST, self.port, login.user, self.region)
        token = password.rstrip(b"\0").decode()
        try:
            verify(token, self.key, expected, self.clock.now())
        except TokenRefusedError as error:
            return str(error)
        except (ValueError, KeyError) as error:
            return f"malformed: {error!r}"
        self.seen.sign_ins.append(SignIn(login.user, token, _program(login)))
        return None

    def _server(self, login: wire.Login | None) -> aiomysql.Connection:
        """A connection to the real server that has not begun yet, as the client wants its own."""
        connection = aiomysql.Connection(
            host=self.backend.host,
            port=self.backend.port or 3306,
            user=self.backend.username,
            password=self.backend.password or "",
            db=login.database if login else None,
            charset=charset_by_id(login.charset).name if login else "utf8mb4",
            autocommit=None,
        )
        if login:
            connection.client_flag = login.flags & ~CLIENT.SSL
        return connection

    async def _relay(
        self,
        login: wire.Login,
        password: wire.Packet,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        server = self._server(login)
        with closing(server):
            await server._connect()
            writer.write(wire.ok(password.seq + 1, server.server_status).encode())
            there = asyncio.create_task(self._forward(reader, server._writer, _program(login)))
            back = asyncio.create_task(_copy(server._reader, writer))
            try:
                await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            finally:
                there.cancel()
                back.cancel()
                await asyncio.gather(there, back, return_exceptions=True)

    async def _forward(
        self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, program: str
    ) -> None:
        while True:
            packet = await wire.read(reader)
            if packet.seq == 0:
                self._note(packet.payload, program)
            server.write(packet.encode())
            await server.drain()

    def _note(self, command: bytes, program: str) -> None:
        reason = None
        if command[0] == COMMAND.COM_QUERY:
            self.seen.statements += 1
            reason = why_pinned(command[1:])
        elif command[0] == COMMAND.COM_STMT_PREPARE:
            self.seen.statements += 1
            reason = "a prepared statement"
        if reason is None:
            return
        if program in self.may_pin:
            self.seen.exempt += 1
            return
        test = os.environ.get("PYTEST_CURRENT_TEST", "")
        text = command[1:201].decode("utf-8", "replace")
        self.seen.pins.append(Pin(reason, text, program, test))


def _program(login: wire.Login) -> str:
    return login.attributes.get("program_name", "")


async def _ask_in_clear(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[wire.Login, wire.Packet]:
    """Take the client's login, then its password in clear text, which a token has to be."""
    packet = await wire.read(reader)
    writer.write(wire.switch_to(wire.CLEAR, packet.seq + 1).encode())
    await writer.drain()
    return wire.parse_login(packet.payload), await wire.read(reader)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def rds_proxy(backend: str, authority: trustme.CA, **more: object) -> AsyncIterator[RdsProxy]:
    """A running stand-in before the server of `backend`; `more` as for `RdsProxy`."""
    tls = server_context(authority, HOST)
    proxy = RdsProxy(make_url(backend), tls, **more)  # type: ignore[arg-type]  # checked by RdsProxy
    async with listening(proxy):
        yield proxy
