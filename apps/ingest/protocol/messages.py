"""The lines that the server writes, and the first that a device writes. Pure."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from apps.ingest.protocol.errors import Ending
from shared.ids import digest
from shared.readings.parse import Boot, Rejection

LINE_BYTES: Final = 64 * 1024
_encode = msgspec.json.Encoder().encode


class Hello(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A device's first line. `hello` is the version of the protocol."""

    hello: Annotated[int, Meta(ge=1, le=1)]
    device: Annotated[str, Meta(min_length=1, max_length=128)]
    token: Annotated[str, Meta(min_length=1, max_length=128)]
    boot: Boot
    fw: Annotated[str, Meta(max_length=64)] = ""

    @property
    def key(self) -> bytes:
        """What its secret is known by here."""
        return digest(self.token)


class Ping(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    p: Annotated[int, Meta(ge=0, le=2**53 - 1)]


_decode_hello = msgspec.json.Decoder(Hello).decode
_decode_ping = msgspec.json.Decoder(Ping).decode


def read_hello(line: bytes) -> Hello | None:
    """The hello in `line`; none if it is anything else."""
    try:
        return _decode_hello(line)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None


def read_ping(line: bytes) -> int | None:
    """The number of the ping or its answer in `line`; none if it is anything else."""
    try:
        return _decode_ping(line).p
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None


def welcome(*, now: int, boot: int, last: int, window: int, idle_s: int) -> bytes:
    """`now` is epoch ms; `last` the highest committed number of `boot`."""
    answer = {"ok": 1, "time": now, "boot": boot, "last": last, "window": window, "idle": idle_s}
    return _encode(answer) + b"\n"


def ack(upto: int) -> bytes:
    return b'{"a":%d}\n' % upto


def rejected(rejection: Rejection) -> bytes:
    answer = {"n": rejection.seq, "code": rejection.code, "detail": rejection.detail}
    return _encode(answer) + b"\n"


def pong(number: int) -> bytes:
    return b'{"p":%d}\n' % number


def bye(retry_ms: int) -> bytes:
    return b'{"bye":1,"retry":%d}\n' % retry_ms


def ending(why: Ending, retry_ms: int | None = None) -> bytes:
    answer: dict[str, str | int] = {"error": why.value}
    if retry_ms is not None:
        answer["retry"] = retry_ms
    return _encode(answer) + b"\n"
