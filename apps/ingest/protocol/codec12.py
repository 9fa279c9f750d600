"""Commands to Teltonika trackers, and their answers: Codec 12. Pure.

Source: Teltonika Data Sending Protocols, https://wiki.teltonika-gps.com/view/Codec#Codec_12.
"""

from struct import Struct
from struct import error as StructError  # noqa: N812 - a class in spite of its name
from typing import Final

from apps.ingest.protocol.avl import MalformedError
from apps.ingest.protocol.crc import crc16

CODEC_12: Final = 0x0C
COMMAND: Final = 0x05
ANSWER: Final = 0x06
# A command is text for a configuration of a tracker; its own bound is far below this.
COMMAND_BYTES: Final = 1_024

# Codec, quantity, type, size of the text.
_HEAD: Final = Struct(">BBBI")
_FRAME: Final = Struct(">II")
_CRC: Final = Struct(">I")


def command(text: str) -> bytes:
    """The packet of one command. Raises `ValueError` for one that is long or no ASCII."""
    said = text.encode("ascii")
    if not 0 < len(said) <= COMMAND_BYTES:
        raise ValueError(f"a command has 1 to {COMMAND_BYTES} characters")
    body = _HEAD.pack(CODEC_12, 1, COMMAND, len(said)) + said + b"\x01"
    return _FRAME.pack(0, len(body)) + body + _CRC.pack(crc16(body))


def read_answer(body: bytes) -> bytes:
    """The text of a tracker's answer; `body` goes from the codec's id to the second quantity.

    Raises `MalformedError`.
    """
    try:
        codec, quantity, kind, size = _HEAD.unpack_from(body)
    except StructError:
        raise MalformedError("an answer ends in its head") from None
    if (codec, kind) != (CODEC_12, ANSWER):
        raise MalformedError("this is no answer to a command")
    if len(body) != _HEAD.size + size + 1 or quantity != 1 or body[-1] != 1:
        raise MalformedError("an answer has one text of the size that it says")
    return body[_HEAD.size : -1]
