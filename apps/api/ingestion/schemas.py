"""Bodies about messages sent over HTTP."""

from typing import Annotated, Any, Literal

from pydantic import Field

from shared.web.schemas import Model

MESSAGE: dict[str, Any] = {
    "title": "Message",
    "description": "A reading (`v`) or an event (`e`, `d`) of a device.",
    "type": "object",
    "properties": {
        "device": {"type": "string", "description": "its uid; needed in a batch"},
        "boot": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2**32 - 1,
            "description": "what `s` counts in; a message with `s` has it",
        },
        "s": {
            "type": "integer",
            "minimum": 1,
            "maximum": 2**53 - 1,
            "description": "its number; without one, its time and content tell it from others",
        },
        "t": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2**53 - 1,
            "description": "device time, epoch ms; left out: now",
        },
        "v": {
            "type": "object",
            "maxProperties": 64,
            "additionalProperties": {"type": ["number", "boolean", "string"]},
            "description": "metric → value",
        },
        "e": {"type": "string", "description": "the event's name"},
        "d": {"type": "object", "description": "the event's data, 8 KiB at most"},
    },
    "additionalProperties": False,
    "examples": [
        {"boot": 12, "s": 4712, "t": 1763740801000, "v": {"temp": 21.5, "door": False}},
        {"t": 1763740802000, "e": "door.opened", "d": {"by": "key 3"}},
    ],
}
BATCH_EXAMPLE = [
    {"device": "pump-7", "boot": 12, "s": 4712, "t": 1763740801000, "v": {"temp": 21.5}},
    {"device": "pump-8", "t": 1763740801000, "v": {"temp": 19}},
]


class Accepted(Model):
    """What became of one message, and what it is known by from now on."""

    status: Literal["stored", "duplicate"]
    t: Annotated[int, Field(examples=[1763740801000])]
    boot: Annotated[int, Field(examples=[12])]
    s: Annotated[int, Field(examples=[4712])]


class Refused(Model):
    """Why a message of a batch was not stored."""

    index: Annotated[int, Field(description="its place, from 0; in NDJSON the line, from 0")]
    code: Annotated[str, Field(examples=["out_of_range"])]
    detail: Annotated[str, Field(examples=["temp 900 > 125"])]


class BatchOut(Model):
    stored: Annotated[int, Field(examples=[98])]
    duplicate: Annotated[int, Field(description="stored before", examples=[1])]
    rejected: Annotated[int, Field(examples=[1])]
    rejections: Annotated[list[Refused], Field(description="the first 1,000 of them")]
