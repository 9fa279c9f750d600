"""What the devices of the load say. Pure.

All devices send the same lines, which name no device, so a block is encoded once for all of them.
Every line is `LINE` bytes long: any run of messages is a slice, and a place in it a number.
"""

import json
from typing import Any, Final

# Numbers of messages have six digits, so that lines are equally long.
FIRST: Final = 100_000
MOST: Final = 900_000
VALUES: Final = b'{"temp":2%d.%d,"hum":44.25,"co2":6%02d,"ok":true}'
METRICS: Final[dict[str, dict[str, Any]]] = {
    "temp": {"type": "number", "min": -40, "max": 125},
    "hum": {"type": "number", "min": 0, "max": 100},
    "co2": {"type": "number", "min": 0, "max": 10_000},
    "ok": {"type": "boolean"},
}


class LoadError(Exception):
    """The service did what ends the measurement."""


def values(place: int) -> bytes:
    """The metrics of a message, 45 bytes."""
    return VALUES % (place % 7, place % 10, place % 100)


def line(place: int, t: int) -> bytes:
    """The message at `place`, counted from 0, with device time `t` (epoch ms)."""
    return b'{"s":%d,"t":%d,"v":%b}\n' % (FIRST + place, t, values(place))


LINE: Final = len(line(0, 1_763_740_801_000))


def block(count: int, t: int) -> bytes:
    """`count` messages a millisecond apart, the first at `t`."""
    if count > MOST:
        raise LoadError(f"a device can send {MOST:,} messages at most, not {count:,}")
    return b"".join(line(place, t + place) for place in range(count))


def hello(uid: str, token: str, boot: int) -> bytes:
    said = {"hello": 1, "device": uid, "token": token, "boot": boot}
    return json.dumps(said).encode() + b"\n"


def acked(answer: bytes) -> int | None:
    """How many messages an answer, without its line's end, acknowledges; none if it is no ack.

    Raises `LoadError` for whatever a good device is never told.
    """
    if answer.startswith(b'{"a":'):
        return int(answer[5:-1]) - FIRST + 1
    if answer.startswith((b'{"ok":', b'{"p":', b'{"bye":')):
        return None
    raise LoadError(f"ingest answered {answer[:200].decode(errors='replace')}")
