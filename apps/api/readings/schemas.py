"""Bodies about readings."""

from typing import Annotated

from pydantic import Field

from apps.api.periods import Order, Period
from shared.web.fields import Cursor
from shared.web.schemas import Limit, Model

Value = bool | int | float | str
TIME = "device time, epoch milliseconds"


class ReadingOut(Model):
    """One message of a device, all its metrics together."""

    t: Annotated[int, Field(description=TIME, examples=[1763740801000])]
    boot: Annotated[int, Field(examples=[12])]
    s: Annotated[int, Field(description="its number within the boot", examples=[4712])]
    v: Annotated[
        dict[str, Value],
        Field(
            description="the values as they were stored",
            examples=[{"temp": 21.5, "door": False, "state": "idle"}],
        ),
    ]


class ReadingsQuery(Period):
    order: Order = "asc"
    limit: Limit = 50
    cursor: Cursor = None


class LatestValue(Model):
    value: Annotated[Value, Field(examples=[21.5])]
    t: Annotated[int, Field(description=TIME, examples=[1763740801000])]
    unit: Annotated[str | None, Field(examples=["°C"])]


class LatestOut(Model):
    """Of each metric the value with the latest device time."""

    device: Annotated[str, Field(examples=["dev_01JD3V3Q8X0000000000000000"])]
    online: bool
    last_seen: Annotated[
        int | None, Field(description="epoch milliseconds; null: never", examples=[1763740801123])
    ]
    values: Annotated[
        dict[str, LatestValue],
        Field(examples=[{"temp": {"value": 21.5, "t": 1763740801000, "unit": "°C"}}]),
    ]
