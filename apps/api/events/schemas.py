"""Bodies about events."""

from typing import Annotated, Any

from pydantic import Field

from apps.api.periods import Order, Period
from shared.web.fields import CODE_PATTERN, Cursor
from shared.web.schemas import Limit, Model


class EventOut(Model):
    device: Annotated[str, Field(examples=["dev_01JD3V3Q8X0000000000000000"])]
    t: Annotated[int, Field(description="device time, epoch ms", examples=[1763740802000])]
    boot: Annotated[int, Field(examples=[12])]
    s: Annotated[int, Field(description="its number within the boot", examples=[4713])]
    e: Annotated[str, Field(description="its name", examples=["session.completed"])]
    d: Annotated[
        dict[str, Any],
        Field(
            description="its data as stored",
            examples=[{"member": "TAG-9", "kwh": "10.52", "minor": 473, "currency": "EUR"}],
        ),
    ]


class EventsQuery(Period):
    name: Annotated[str | None, Field(pattern=CODE_PATTERN, examples=["session.completed"])] = None
    order: Order = "asc"
    limit: Limit = 50
    cursor: Cursor = None
