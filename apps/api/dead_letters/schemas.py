"""Bodies about dead letters."""

from typing import Annotated, Literal

from pydantic import Field

from shared.web.fields import Cursor
from shared.web.schemas import Limit, Model

LETTER_EXAMPLE = "dl_01JD3V3Q8X0000000000000000"
MOST_REPLAYED = 200


class DeadLetterOut(Model):
    id: Annotated[str, Field(examples=[LETTER_EXAMPLE])]
    device: Annotated[str, Field(examples=["dev_01JD3V3Q8X0000000000000000"])]
    received: Annotated[int, Field(description="epoch milliseconds", examples=[1763740801123])]
    boot: int
    s: Annotated[int, Field(description="its number; 0: it has none")]
    code: Annotated[str, Field(examples=["out_of_range"])]
    detail: Annotated[str, Field(examples=["temp 900 > 125"])]
    size: Annotated[int, Field(description="bytes")]
    text: Annotated[
        str, Field(description="its beginning, made printable", examples=['{"v":{"temp":900}}'])
    ]
    replayed: Annotated[
        int | None, Field(description="when a replay stored it, epoch milliseconds; null: not yet")
    ]


class DeadLetterFull(DeadLetterOut):
    raw: Annotated[
        str, Field(description="as it came, in base64", examples=["eyJ2Ijp7InRlbXAiOjkwMH19"])
    ]


class DeadLetterQuery(Model):
    device: Annotated[str | None, Field(max_length=64, description="public id")] = None
    code: Annotated[str | None, Field(max_length=32, examples=["out_of_range"])] = None
    replayed: Annotated[bool | None, Field(description="only those replayed, or not")] = None
    limit: Limit = 50
    cursor: Cursor = None


class ReplayIn(Model):
    """Which: those of `ids`, or else those not yet replayed, oldest first, that fit."""

    ids: Annotated[
        list[Annotated[str, Field(max_length=64)]] | None,
        Field(min_length=1, max_length=MOST_REPLAYED, examples=[[LETTER_EXAMPLE]]),
    ] = None
    device: Annotated[str | None, Field(max_length=64, description="public id")] = None
    code: Annotated[str | None, Field(max_length=32, examples=["out_of_range"])] = None
    limit: Annotated[int, Field(ge=1, le=MOST_REPLAYED)] = MOST_REPLAYED
    cursor: Cursor = None


class ReplayedLetter(Model):
    id: Annotated[str, Field(examples=[LETTER_EXAMPLE])]
    status: Literal["stored", "duplicate", "rejected"]
    code: Annotated[str | None, Field(description="why it was rejected again")] = None
    detail: str | None = None


class ReplayOut(Model):
    stored: int
    duplicate: int
    rejected: int
    items: list[ReplayedLetter]
    next: Annotated[str | None, Field(description="cursor of those not looked at yet")] = None
