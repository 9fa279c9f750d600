"""As much of MySQL's connection protocol as a server needs to sign a client in.

Source: MySQL's documentation of its client/server protocol, version 10 of the handshake.
"""

import asyncio
import socket
import struct
from dataclasses import dataclass

from pymysql.constants import CLIENT

SALT = b"abcdefghijklmnopqrst"
NATIVE = "mysql_native_password"
CLEAR = "mysql_clear_password"
TLS_REQUEST_SIZE = 32
ACCESS_DENIED = 1045
# What the server offers unless told otherwise; the rest of a client's wishes it does not know.
OFFERED = (
    CLIENT.CAPABILITIES
    | CLIENT.FOUND_ROWS
    | CLIENT.CONNECT_WITH_DB
    | CLIENT.PLUGIN_AUTH_LENENC_CLIENT_DATA
) & ~(CLIENT.SSL | CLIENT.COMPRESS | CLIENT.LOCAL_FILES)


@dataclass(frozen=True)
class Packet:
    seq: int
    payload: bytes

    def encode(self) -> bytes:
        return struct.pack("<I", len(self.payload))[:3] + bytes([self.seq]) + self.payload


@dataclass(frozen=True)
class Login:
    """What a client says of itself once it is asked."""

    flags: int
    charset: int
    user: str
    password: bytes
    database: str | None
    attributes: dict[str, str]


def greeting(*, version: str, offers_tls: bool, plugin: str = NATIVE, status: int = 2) -> Packet:
    """The server's first packet."""
    flags = OFFERED | (CLIENT.SSL if offers_tls else 0)
    return Packet(
        0,
        b"\x0a"
        + version.encode()
        + b"\0"
        + struct.pack("<I", 1)
        + SALT[:8]
        + b"\0"
        + struct.pack("<HBHHB", flags & 0xFFFF, 45, status, flags >> 16, len(SALT) + 1)
        + bytes(10)
        + SALT[8:]
        + b"\0"
        + plugin.encode()
        + b"\0",
    )


def switch_to(plugin: str, seq: int) -> Packet:
    """The server's wish to be signed in to in another way."""
    return Packet(seq, b"\xfe" + plugin.encode() + b"\0" + SALT + b"\0")


def ok(seq: int, status: int) -> Packet:
    return Packet(seq, b"\0\0\0" + struct.pack("<HH", status, 0))


def error(seq: int, code: int, message: str) -> Packet:
    return Packet(seq, b"\xff" + struct.pack("<H", code) + b"#28000" + message.encode())


def parse_login(payload: bytes) -> Login:
    """The client's answer to the greeting."""
    flags, _, charset = struct.unpack_from("<IIB", payload)
    rest = Fields(payload[TLS_REQUEST_SIZE:])
    user = rest.text()
    password = rest.counted()
    database = rest.text() if flags & CLIENT.CONNECT_WITH_DB else None
    rest.text()  # the plugin that made `password`
    pairs = Fields(rest.counted())
    attributes = {}
    while pairs.left:
        name = pairs.counted().decode()
        attributes[name] = pairs.counted().decode()
    return Login(flags, charset, user, password, database, attributes)


class Fields:
    """Reads one field after the other."""

    def __init__(self, data: bytes) -> None:
        self.left = data

    def text(self) -> str:
        value, _, self.left = self.left.partition(b"\0")
        return value.decode()

    def counted(self) -> bytes:
        size, start = self.left[0], 1
        if size >= 0xFB:
            start = 1 + {0xFC: 2, 0xFD: 3, 0xFE: 8}[size]
            size = int.from_bytes(self.left[1:start], "little")
        value, self.left = self.left[start : start + size], self.left[start + size :]
        return value


async def read(reader: asyncio.StreamReader) -> Packet:
    """The next packet; raises `IncompleteReadError` at the end."""
    header = await reader.readexactly(4)
    return Packet(header[3], await reader.readexactly(int.from_bytes(header[:3], "little")))


async def receive(sock: socket.socket) -> Packet:
    """The next packet of a bare socket, and not a byte more: TLS may begin right after it."""
    header = await receive_exactly(sock, 4)
    return Packet(header[3], await receive_exactly(sock, int.from_bytes(header[:3], "little")))


async def receive_exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = await asyncio.get_running_loop().sock_recv(sock, count - len(data))
        if not more:
            raise asyncio.IncompleteReadError(data, count)
        data += more
    return data
