"""Bodies about meters."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.web.fields import Code, EventName, FieldName, Printable
from shared.web.schemas import Model, Timestamp

Kind = Literal["messages", "active_devices", "event_sum", "event_count"]
# Every organisation has these without making them.
BUILT_IN: tuple[Kind, Kind] = ("messages", "active_devices")

MeterCode = Annotated[Code, Field(description="unique here", examples=["energy"])]
MeterUnit = Annotated[str, StringConstraints(max_length=32), Printable, Field(examples=["kWh"])]


class MeterIn(Model):
    """`event_sum` needs an event and a field, `event_count` an event, the others neither."""

    code: MeterCode
    kind: Annotated[Kind, Field(examples=["event_sum"])]
    event: EventName | None = None
    field: Annotated[FieldName | None, Field(examples=["kwh"])] = None
    unit: MeterUnit = ""

    @model_validator(mode="after")
    def _kind_has_what_it_needs(self) -> Self:
        if (self.event is not None) != self.kind.startswith("event_"):
            raise ValueError("event belongs to the kinds event_sum and event_count, which need it")
        if (self.field is not None) != (self.kind == "event_sum"):
            raise ValueError("field belongs to the kind event_sum, which needs it")
        if self.code in BUILT_IN and self.code != self.kind:
            raise ValueError(f"the code {self.code} is kept for meters of that kind")
        return self


class MeterOut(Model):
    id: Annotated[str, Field(examples=["mtr_01JD3V3Q8X0000000000000000"])]
    code: Annotated[str, Field(examples=["energy"])]
    kind: Annotated[Kind, Field(examples=["event_sum"])]
    event: Annotated[str | None, Field(examples=["session.completed"])]
    field: Annotated[str | None, Field(examples=["kwh"])]
    unit: Annotated[str, Field(examples=["kWh"])]
    created_at: Timestamp
    backfilled_at: Annotated[
        Timestamp | None,
        Field(description="when all events from before the meter were counted; null: under way"),
    ]
