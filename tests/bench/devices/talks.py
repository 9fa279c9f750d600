"""How devices talk: what each sends when, in one loop over all connections of a process."""

import math
import selectors
import time
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from selectors import EVENT_READ, EVENT_WRITE

from tests.bench.devices.link import Link
from tests.bench.devices.messages import LINE, LoadError
from tests.bench.devices.schedule import Schedule

# So long may nothing come while acknowledgements are waited for.
PATIENCE_S = 60.0
# Who sends as much as the socket takes hands it over in pieces of so many messages.
PIECE = 64
NAP_S = 0.001


@dataclass
class Talked:
    """`began` and `ended` (the last acknowledgement) are monotonic seconds, as in all processes.

    `timed`: due time and latency of each message, one after the other. `reached`: how many
    messages of each device, in their order, are acknowledged.
    """

    sent: int
    acked: int
    began: float
    ended: float
    timed: "array[float]" = field(default_factory=lambda: array("d"))
    reached: list[int] = field(default_factory=list)


class Talks:
    """The connections of one process. `block`: the messages that each of them sends."""

    def __init__(self, port: int, hellos: Sequence[bytes], block: bytes) -> None:
        self._port = port
        self._block = memoryview(block)
        self._most = len(block) // LINE
        self._selector = selectors.DefaultSelector()
        self._links = [Link(place, hello) for place, hello in enumerate(hellos)]
        # Those with something to send that their socket may take.
        self._ready: deque[Link] = deque()
        self._before = 0

    def greet(self, *, first: bool, answered: bool = True) -> "array[float]":
        """Connect all at once and say hello, with the first message if `first`.

        Returns the seconds from the beginning until each was welcomed, or acknowledged.
        `answered`: the server welcomes devices.
        """
        times = array("d")
        opening = bytes(self._block[:LINE]) if first else b""
        began = time.monotonic()
        for link in self._links:
            link.connect(self._port)
            self._selector.register(link.sock, EVENT_WRITE, link)
        waiting = len(self._links)
        while waiting:
            for key, mask in self._wait(PATIENCE_S):
                link = key.data
                if mask & EVENT_WRITE:
                    link.connected()
                    link.sock.send(link.hello + opening)
                    link.at = len(opening)
                    self._selector.modify(link.sock, EVENT_READ, link)
                    waiting -= not answered
                    continue
                self._receive(link)
                if link.acked if first else link.welcomed:
                    times.append(time.monotonic() - began)
                    waiting -= 1
        self._before = sum(link.acked for link in self._links)
        return times

    def closed(self, *, window: int, seconds: float, each: bool) -> Talked:
        """Send for `seconds` with `window` messages of each device unacknowledged, then wait.

        `each`: one message a write, the devices in turn, so that each is a packet of its own.
        """
        piece = 1 if each else window
        began = ended = time.monotonic()
        until = began + seconds
        for link in self._links:
            self._allow(link, link.acked + window)
        going = True
        while going or not self._done():
            events = self._wait(0 if self._ready else PATIENCE_S)
            now = time.monotonic()
            if going and now >= until:
                going = False
                self._stop()
            for key, mask in events:
                link = key.data
                if mask & EVENT_WRITE:
                    self._writable(link)
                if mask & EVENT_READ and self._receive(link):
                    ended = now
                    if going:
                        self._allow(link, link.acked + window)
            self._push(piece)
        return self._talked(began, ended)

    def timed(self, *, rate: float, seconds: float) -> Talked:
        """Send `rate` messages a second, each when it is due, whatever is unacknowledged."""
        began = ended = time.monotonic()
        schedule = Schedule(began, rate, len(self._links))
        total = math.floor(rate * seconds)
        timed = array("d")
        number = 0
        while number < total or not self._done():
            now = time.monotonic()
            for one in range(number, min(total, schedule.many(now))):
                link = self._links[one % len(self._links)]
                self._allow(link, link.due + 1)
                number = one + 1
            self._push(1)
            nap = schedule.due(number) - now if number < total else PATIENCE_S
            for key, mask in self._wait(max(0.0, nap)):
                link = key.data
                if mask & EVENT_WRITE:
                    self._writable(link)
                before = link.acked
                if mask & EVENT_READ and self._receive(link):
                    ended = time.monotonic()
                    for place in range(before, link.acked):
                        due = schedule.due_of(link.place, place)
                        timed.extend((due, ended - due))
        talked = self._talked(began, ended)
        talked.timed = timed
        return talked

    def flood(self, *, rate: float, seconds: float, window: int, after: float) -> Talked:
        """Offer `rate` messages a second for `seconds`: each device sends what its socket takes,
        with `window` messages unacknowledged.

        What is not taken waits with the device and is not sent after the end. What was sent has
        `after` seconds to be acknowledged.
        """
        began = ended = time.monotonic()
        until = began + seconds
        schedule = Schedule(began, rate, len(self._links))
        resting = list(self._links)
        going = True
        while going or (not self._done() and time.monotonic() < until + after):
            now = time.monotonic()
            due = min(schedule.each(now), self._most)
            if going and now >= until:
                going = False
                self._stop()
            for link in resting if going else ():
                self._allow(link, min(due, link.acked + window))
            resting = self._push(PIECE)
            for key, mask in self._wait(0 if self._ready else NAP_S):
                link = key.data
                if mask & EVENT_WRITE:
                    self._writable(link)
                if mask & EVENT_READ and self._receive(link):
                    ended = time.monotonic()
                if going:
                    link.due = min(due, link.acked + window)
        return self._talked(began, ended)

    def pour(self, *, each: bool, messages: int) -> Talked:
        """Send `messages` of each device as fast as they are taken; nothing is acknowledged."""
        began = time.monotonic()
        for link in self._links:
            self._allow(link, messages)
        left = len(self._links) - len(self._push(1 if each else PIECE))
        while left:
            for key, mask in self._wait(0 if self._ready else PATIENCE_S):
                if mask & EVENT_WRITE:
                    self._writable(key.data)
                else:
                    self._receive(key.data)
            left -= len(self._push(1 if each else PIECE))
        return self._talked(began, time.monotonic())

    def linger(self) -> None:
        """Stay without a word until the service has closed every connection."""
        while self._selector.get_map():
            for key, _ in self._wait(PATIENCE_S):
                if not key.data.receive():
                    self._selector.unregister(key.data.sock)
                    key.data.sock.close()
        self._links = []

    def leave(self) -> None:
        """Close all connections at once."""
        for link in self._links:
            link.reset()
        self._selector.close()

    def _wait(self, seconds: float) -> list[tuple[selectors.SelectorKey, int]]:
        events = self._selector.select(seconds)
        if not events and seconds == PATIENCE_S:
            raise LoadError(f"nothing was acknowledged for {PATIENCE_S:g} s")
        return events

    def _receive(self, link: Link) -> bool:
        """Read. True: more is acknowledged."""
        before = link.acked
        if not link.receive():
            raise LoadError("ingest closed a connection")
        return link.acked > before

    def _allow(self, link: Link, due: int) -> None:
        """Let a device send up to the message `due`."""
        if due > self._most:
            raise LoadError(f"a device has no more than {self._most:,} messages")
        link.due = due
        if not link.queued:
            link.queued = True
            self._ready.append(link)

    def _writable(self, link: Link) -> None:
        self._selector.modify(link.sock, EVENT_READ, link)
        self._ready.append(link)

    def _push(self, piece: int) -> list[Link]:
        """Let each that is ready write once, `piece` messages at most; returns who has sent all."""
        done = []
        ready = self._ready
        for _ in range(len(ready)):
            link = ready.popleft()
            goal = link.due * LINE
            upto = min(goal, (link.at // LINE + piece) * LINE)
            if upto > link.at and not link.send(self._block, upto):
                # It stays queued, and is ready again when the socket is.
                self._selector.modify(link.sock, EVENT_READ | EVENT_WRITE, link)
            elif upto < goal:
                ready.append(link)
            else:
                link.queued = False
                done.append(link)
        return done

    def _stop(self) -> None:
        """Send nothing more but the rest of a message that was sent in part."""
        for link in self._links:
            link.due = -(-link.at // LINE)

    def _done(self) -> bool:
        """Whether all that was due is acknowledged."""
        return all(link.acked >= link.due for link in self._links)

    def _talked(self, began: float, ended: float) -> Talked:
        reached = [link.acked for link in self._links]
        return Talked(
            sent=sum(link.at for link in self._links) // LINE,
            acked=sum(reached) - self._before,
            began=began,
            ended=ended,
            reached=reached,
        )
