"""One device's connection."""

import errno
import os
import socket
import struct
from collections.abc import Sequence
from typing import Final

from tests.bench.devices.messages import FIRST, LoadError, acked

RECEIVE: Final = 65_536
# An acknowledgement that came alone, as most do.
ACK: Final = len(b'{"a":100000}\n')
# A device has little memory: what the service does not take stays with it.
SEND_BUFFER: Final = 16 * 1024
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Link:
    """`at` is how many bytes of the block are sent, `due` how many messages may be, `acked` how
    many are acknowledged. `queued`: it is in the line of those that have something to send.
    """

    __slots__ = ("_rest", "acked", "at", "due", "hello", "place", "queued", "sock", "welcomed")

    def __init__(self, place: int, hello: bytes) -> None:
        self.place = place
        self.hello = hello
        self.at = 0
        self.due = 0
        self.acked = 0
        self.queued = False
        self.welcomed = False
        self._rest = b""
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def connect(self, port: int) -> None:
        """Begin to. It is there, or was refused, when the socket can be written to."""
        result = self.sock.connect_ex(("127.0.0.1", port))
        if result not in (0, errno.EINPROGRESS):
            raise LoadError(f"a device cannot connect: {os.strerror(result)}")

    def connected(self) -> None:
        result = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if result:
            raise LoadError(f"a device cannot connect: {os.strerror(result)}")

    def send(self, block: memoryview, upto: int) -> bool:
        """Send the block's bytes up to `upto` in one write. False: not all were taken."""
        try:
            self.at += self.sock.send(block[self.at : upto])
        except BlockingIOError:
            return False
        return self.at == upto

    def receive(self) -> bool:
        """Read what the service says. False: it closed the connection."""
        try:
            data = self.sock.recv(RECEIVE)
        except BlockingIOError:
            return True
        if len(data) == ACK and not self._rest and data.startswith(b'{"a":'):
            self.acked = int(data[5:-2]) - FIRST + 1
            return True
        if data:
            self._read((self._rest + data).split(b"\n"))
        return bool(data)

    def _read(self, lines: Sequence[bytes]) -> None:
        *whole, self._rest = lines
        for line in whole:
            if line.startswith(b'{"ok":'):
                self.welcomed = True
            upto = acked(line)
            if upto is not None:
                self.acked = upto

    def reset(self) -> None:
        """Close without leaving a waiting port behind: there are only so many."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.sock.close()
