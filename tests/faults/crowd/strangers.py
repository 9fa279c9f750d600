"""Connections by the thousand that never become a device's: raw sockets, without an event loop."""

import errno
import json
import select
import socket
import struct
import sys
import time
from collections import Counter
from itertools import count
from secrets import token_hex
from statistics import median
from typing import Any

LOOPBACK = "127.0.0.1"
TICK_S = 0.005
# Whoever is further behind than this gives up what was to come meanwhile.
BEHIND_S = 0.5
# Below what a process may have open.
MOST_OPEN = 9_000
# Linux: the port is chosen when the connection is, so that many may share one.
IP_BIND_ADDRESS_NO_PORT = 24
_NO_LINGER = struct.pack("ii", 1, 0)


class Strangers:
    """Opens connections at `rate` a second from `addresses` by turns, each says `hello` or, with
    none, nothing. `hold`: as many stay open, and one that the server closes is made anew.
    """

    def __init__(
        self, port: int, *, rate: float, addresses: list[str], guesses: list[str], hold: int = 0
    ) -> None:
        self._port = port
        self._rate = rate
        self._addresses = addresses
        self._guesses = guesses
        self._hold = hold
        self._poll = select.epoll()
        self._open: dict[int, tuple[socket.socket, float]] = {}
        self._number = count()
        self.offered = 0
        self.most_open = 0
        self.answers: Counter[str] = Counter()
        self.waits: list[float] = []

    def run(self) -> dict[str, Any]:
        """Until the standard input ends; returns what was done and answered."""
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN | select.EPOLLHUP)
        began = due = time.monotonic()
        while True:
            now = time.monotonic()
            due = max(due, now - BEHIND_S)
            while due <= now and self._may_open():
                self._connect(now)
                due += 1 / self._rate
            self.most_open = max(self.most_open, len(self._open))
            if not self._hear():
                break
        took = time.monotonic() - began
        for peer, _ in self._open.values():
            _reset(peer)
        return {
            "seconds": took,
            "offered": self.offered,
            "most_open": self.most_open,
            "open": len(self._open),
            "answers": dict(self.answers),
            "unauthorized_s": median(self.waits) if self.waits else 0.0,
        }

    def _may_open(self) -> bool:
        return len(self._open) < (self._hold or MOST_OPEN)

    def _connect(self, now: float) -> None:
        number = next(self._number)
        peer = socket.socket()
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        peer.bind((self._addresses[number % len(self._addresses)], 0))
        failed = peer.connect_ex((LOOPBACK, self._port))
        if failed not in (0, errno.EINPROGRESS):
            self.answers[errno.errorcode[failed]] += 1
            peer.close()
            return
        self.offered += 1
        self._open[peer.fileno()] = (peer, now)
        events = select.EPOLLIN | select.EPOLLRDHUP
        if self._guesses and not self._say(peer, number):
            # The connection is not made yet: the server is behind.
            events |= select.EPOLLOUT
        self._poll.register(peer.fileno(), events)

    def _say(self, peer: socket.socket, number: int) -> bool:
        uid = self._guesses[number % len(self._guesses)] or f"nobody-{number}"
        hello = {"hello": 1, "device": uid, "token": f"dt_{token_hex(32)}", "boot": 1}
        try:
            peer.send(json.dumps(hello).encode() + b"\n")
        except (BlockingIOError, OSError):
            return False
        return True

    def _hear(self) -> bool:
        """Take what was answered; false when it is time to end."""
        for number, event in self._poll.poll(TICK_S):
            if number == sys.stdin.fileno():
                return False
            peer, began = self._open[number]
            if event == select.EPOLLOUT:
                self._say(peer, next(self._number))
                self._poll.modify(number, select.EPOLLIN | select.EPOLLRDHUP)
                continue
            self._close(peer, began)
        return True

    def _close(self, peer: socket.socket, began: float) -> None:
        try:
            answer = peer.recv(4_096)
            word = json.loads(answer).get("error", "?") if answer else "closed"
        except OSError:
            word = "reset"
        self.answers[word] += 1
        if word == "unauthorized":
            self.waits.append(time.monotonic() - began)
        self._poll.unregister(peer.fileno())
        del self._open[peer.fileno()]
        _reset(peer)


def _reset(peer: socket.socket) -> None:
    """Close without a wait in the kernel: ports are soon used up otherwise."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    peer.close()
