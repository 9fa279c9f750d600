"""Bodies about usage."""

from typing import Annotated, Literal

from pydantic import Field

from shared.web.fields import Code, Cursor
from shared.web.schemas import Instant, Limit, Model

Group = Literal["none", "hour", "day", "month", "device"]


class UsageQuery(Model):
    meter: Annotated[
        str,
        Field(
            min_length=1, max_length=64, description="code or id of a meter", examples=["energy"]
        ),
    ]
    start: Annotated[Instant, Field(description="usage from this time on")]
    end: Annotated[Instant, Field(description="usage before this time")]
    group: Annotated[
        Group, Field(description="`device` is the same as `none` with `by=device`")
    ] = "none"
    by: Annotated[
        Literal["device"] | None, Field(description="split each period by device as well")
    ] = None
    zone: Annotated[
        str,
        Field(
            max_length=64,
            description="IANA zone whose hours, days and months are meant",
            examples=["America/New_York"],
        ),
    ] = "UTC"
    limit: Limit = 50
    cursor: Cursor = None


class UsageItem(Model):
    """`start` and `end`: what of the period lies in the range that was asked for."""

    period: Annotated[
        str | None,
        Field(description="local hour, day or month; null: the whole range", examples=["2014-11"]),
    ]
    start: Annotated[str, Field(examples=["2014-11-01T04:00:00.000Z"])]
    end: Annotated[str, Field(examples=["2014-12-01T05:00:00.000Z"])]
    device: Annotated[str | None, Field(examples=["dev_01JD3V3Q8X0000000000000000"])] = None
    uid: Annotated[
        str | None, Field(description="what the device calls itself", examples=["station-582873"])
    ] = None
    value: Annotated[str, Field(description="exact, as decimal text", examples=["1234.56"])]


class UsageOut(Model):
    """A page of usage. `total` and `unusable` are of the whole range, whatever the page."""

    meter: Annotated[Code, Field(examples=["energy"])]
    unit: Annotated[str, Field(examples=["kWh"])]
    zone: Annotated[str, Field(examples=["America/New_York"])]
    total: Annotated[str, Field(examples=["12345.67"])]
    unusable: Annotated[
        int, Field(description="events of the range without a usable number, which add nothing")
    ]
    complete: Annotated[
        bool, Field(description="false while events from before the meter are still being counted")
    ]
    items: list[UsageItem]
    next: Annotated[str | None, Field(description="cursor of the following page, or null")] = None
