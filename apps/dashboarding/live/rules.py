"""What goes over a live stream and what does not. Pure.

The format of events: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from typing import Any

import msgspec

# Metrics whose last sent value a hub remembers. What it has forgotten is sent once more.
REMEMBERED = 50_000

# device, time in ms, boot, number, metric → value
ReadingItem = tuple[str, int, int, int, dict[str, Any]]
# device, time in ms, boot, number, name, data
EventItem = tuple[str, int, int, int, str, dict[str, Any]]
Latest = dict[str, tuple[Any, int]]

_latest = msgspec.json.Decoder(Latest)
_encode = msgspec.json.Encoder().encode


class Frame(msgspec.Struct, gc=False):
    """What one batch committed for one organisation, as the bus carries it."""

    r: list[ReadingItem] = []
    e: list[EventItem] = []

    def of(self, devices: Collection[str]) -> "Frame | None":
        """The part of it that is of `devices`; none if there is none."""
        part = Frame(
            [item for item in self.r if item[0] in devices],
            [item for item in self.e if item[0] in devices],
        )
        return part if part.r or part.e else None


class State(msgspec.Struct, gc=False):
    """How a device is: as the database has it, `latest` being the JSON that is stored."""

    device: str
    uid: str
    online: bool
    last_seen: int
    boot: int
    s: int
    latest: msgspec.Raw


class Snapshot(msgspec.Struct, gc=False):
    """Data of a `snapshot` event: a part of the devices, `last` the final part.

    `full`: of all devices asked for; else of those that changed since the last event.
    """

    devices: list[State]
    full: bool
    last: bool


class Changes(msgspec.Struct, gc=False):
    """Data of a `changes` event: devices with those of their latest values that are news."""

    devices: list[State]


_frame = msgspec.json.Decoder(Frame)


def parse_frame(data: bytes) -> Frame:
    """Raises `msgspec.DecodeError` (`ValidationError` is one) for what is no frame."""
    return _frame.decode(data)


def encode(value: msgspec.Struct) -> bytes:
    return _encode(value)


def sse(event: str, data: bytes, at: int) -> bytes:
    """One event. Its id is the time (ms) up to which the reader then has everything.

    `data` is JSON. Line ends stand only between its tokens, and would end the event's data.
    """
    data = data.replace(b"\r", b" ").replace(b"\n", b" ")
    return b"event: %b\nid: %d\ndata: %b\n\n" % (event.encode(), at, data)


def end(reason: str, retry_ms: int, at: int) -> bytes:
    """The last event: why the stream ends, and in how many ms to come again."""
    return b"retry: %d\n" % retry_ms + sse("end", _encode({"reason": reason}), at)


COMMENT = b":\n\n"


def parse_last_id(text: str | None, now: int) -> int | None:
    """The time in a `Last-Event-ID`; none for one that is not ours: then all is sent."""
    if not text or not text.isascii() or not text.isdecimal() or len(text) > 15:
        return None
    at = int(text)
    return at if 0 < at <= now else None


class Known:
    """What the readers of a hub have been sent, so that a look at the database tells news.

    Bounded: the devices that were quiet for longest are forgotten, and sent whole once more.
    """

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._count = 0
        self._values: OrderedDict[str, Latest] = OrderedDict()
        self._online: dict[str, bool] = {}

    def note(self, readings: Iterable[ReadingItem]) -> None:
        """These readings were sent."""
        for device, t, _, _, values in readings:
            self._merge(device, {name: (value, t) for name, value in values.items()})

    def news(self, state: State) -> State | None:
        """What of `state` was not sent yet, taken as sent from now on; none if nothing."""
        latest = _latest.decode(state.latest)
        sent = self._values.get(state.device, {})
        new = {name: value for name, value in latest.items() if sent.get(name) != value}
        seen = self._online.get(state.device) == state.online
        if seen and not new:
            return None
        self._merge(state.device, new, settled=True)
        self._online[state.device] = state.online
        return msgspec.structs.replace(state, latest=msgspec.Raw(_encode(new)))

    def _merge(self, device: str, values: Latest, *, settled: bool = False) -> None:
        known = self._values.setdefault(device, {})
        self._values.move_to_end(device)
        self._count -= len(known)
        for name, value in values.items():
            # An older reading that comes late changes nothing that is shown.
            if settled or name not in known or known[name][1] <= value[1]:
                known[name] = value
        self._count += len(known)
        while self._count > self._size:
            forgotten, gone = self._values.popitem(last=False)
            self._online.pop(forgotten, None)
            self._count -= len(gone)
