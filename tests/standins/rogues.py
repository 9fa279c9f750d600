"""Servers that nobody should sign in to. Each keeps every byte that it could read."""

import asyncio
import socket
import ssl
from contextlib import closing
from dataclasses import dataclass, field

from tests.standins import mysql_wire as wire
from tests.standins.listening import start_tls

VERSION = "8.0.39"
# What a client may say to a server before TLS: its flags, and no name.
BEFORE_TLS = 4 + wire.TLS_REQUEST_SIZE


@dataclass
class Rogue:
    """`got` is all that clients sent, decrypted where this server could; `visits` counts them."""

    port: int = 0
    got: bytearray = field(default_factory=bytearray)
    visits: int = 0

    async def serve(self, sock: socket.socket) -> None:
        self.visits += 1
        await self.meet(sock)

    async def meet(self, sock: socket.socket) -> None:
        raise NotImplementedError

    async def _greet(self, sock: socket.socket, *, offers_tls: bool, plugin: str) -> None:
        packet = wire.greeting(version=VERSION, offers_tls=offers_tls, plugin=plugin)
        await asyncio.get_running_loop().sock_sendall(sock, packet.encode())

    async def _keep(self, sock: socket.socket) -> None:
        while data := await asyncio.get_running_loop().sock_recv(sock, 65_536):
            self.got += data


@dataclass
class PlainServer(Rogue):
    """Offers no TLS, and asks for the password in clear text or by `plugin`."""

    plugin: str = wire.CLEAR

    async def meet(self, sock: socket.socket) -> None:
        await self._greet(sock, offers_tls=False, plugin=self.plugin)
        packet = await wire.receive(sock)
        self.got += packet.encode()
        switch = wire.switch_to(wire.CLEAR, packet.seq + 1)
        await asyncio.get_running_loop().sock_sendall(sock, switch.encode())
        await self._keep(sock)


@dataclass
class BrokenPromise(Rogue):
    """Offers TLS, then asks for the password in plain text instead of beginning it."""

    async def meet(self, sock: socket.socket) -> None:
        await self._greet(sock, offers_tls=True, plugin=wire.CLEAR)
        packet = await wire.receive(sock)
        self.got += packet.encode()
        switch = wire.switch_to(wire.CLEAR, packet.seq + 1)
        await asyncio.get_running_loop().sock_sendall(sock, switch.encode())
        await self._keep(sock)


@dataclass
class Impostor(Rogue):
    """Does TLS with whatever certificate it was given, and keeps what it decrypts."""

    tls: ssl.SSLContext = field(kw_only=True)

    async def meet(self, sock: socket.socket) -> None:
        await self._greet(sock, offers_tls=True, plugin=wire.CLEAR)
        self.got += (await wire.receive(sock)).encode()
        reader, writer = await start_tls(sock, self.tls)
        with closing(writer):
            while data := await reader.read(65_536):
                self.got += data


@dataclass
class Silent(Rogue):
    """Accepts, and never says a word."""

    async def meet(self, sock: socket.socket) -> None:
        await self._keep(sock)


@dataclass
class Stalling(Rogue):
    """Greets and offers TLS, then never answers."""

    async def meet(self, sock: socket.socket) -> None:
        await self._greet(sock, offers_tls=True, plugin=wire.CLEAR)
        await self._keep(sock)
