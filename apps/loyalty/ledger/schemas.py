"""Bodies about points."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictInt, StringConstraints

from shared.web.fields import Cursor, Printable
from shared.web.schemas import Limit, Model, Timestamp

MOST_POINTS = 10**12


def _some(points: int) -> int:
    if points == 0:
        raise ValueError("0 points change nothing")
    return points


class BalanceOut(Model):
    member: Annotated[str, Field(examples=["mbr_01JD3V3Q8X0000000000000000"])]
    points: Annotated[int, Field(description="what the member has now", examples=[120])]


class EventRef(Model):
    """The device event that earned the points."""

    device: Annotated[str, Field(examples=["dev_01JD3V3Q8X0000000000000000"])]
    t: Annotated[int, Field(description="device time, epoch ms", examples=[1763740802000])]
    boot: int
    s: int


class EntryOut(Model):
    id: Annotated[str, Field(examples=["ent_01JD3V3Q8X0000000000000000"])]
    kind: Annotated[Literal["earn", "spend", "adjust"], Field(examples=["earn"])]
    points: Annotated[int, Field(description="signed", examples=[15])]
    at: Annotated[Timestamp, Field(description="when it was entered")]
    rule: Annotated[
        str | None, Field(description="who earns", examples=["rul_01JD3V3Q8X0000000000000000"])
    ]
    event: Annotated[
        EventRef | None, Field(description="null: by hand, or of a device that you do not see")
    ]
    reason: Annotated[str, Field(examples=["complaint 1204"])]


class AdjustmentIn(Model):
    points: Annotated[
        StrictInt,
        Field(ge=-MOST_POINTS, le=MOST_POINTS, description="signed, not 0", examples=[-20]),
        AfterValidator(_some),
    ]
    reason: Annotated[
        str,
        StringConstraints(min_length=1, max_length=300),
        Printable,
        Field(examples=["complaint 1204"]),
    ]


class EntryQuery(Model):
    limit: Limit = 50
    cursor: Cursor = None
