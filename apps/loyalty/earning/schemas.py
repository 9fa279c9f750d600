"""Bodies about earning rules."""

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from apps.loyalty.earning.rules import Rounding
from apps.loyalty.programmes.schemas import ProgrammeId
from shared.errors import Invalid
from shared.money import decimal, plain
from shared.web.fields import EventName, FieldName
from shared.web.schemas import Instant, Model, Timestamp

MOST_PER_UNIT = 1_000_000
PLACES = 12


def _per_unit(value: Any) -> Decimal:
    try:
        number = decimal(value)
    except Invalid as problem:
        raise ValueError(problem.detail) from None
    if not 0 < number <= MOST_PER_UNIT:
        raise ValueError(f"it must be above 0 and at most {MOST_PER_UNIT}")
    if number.normalize().as_tuple().exponent < -PLACES:  # type: ignore[operator]  # it is finite
        raise ValueError(f"it has more than {PLACES} decimals")
    return number


PerUnit = Annotated[
    Decimal,
    BeforeValidator(_per_unit),
    PlainSerializer(plain, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]{1,7}(\.[0-9]{1,12})?$"},
                {"type": "number", "exclusiveMinimum": 0, "maximum": MOST_PER_UNIT},
            ],
            "description": "points for each unit of the field, decimal",
            "examples": ["1.5"],
        }
    ),
]


class RuleIn(Model):
    """Events from `starts_at` until before `ends_at` earn, by the time that the device gave."""

    programme: ProgrammeId
    event: EventName
    field: Annotated[
        FieldName, Field(description="where the event has its number", examples=["kwh"])
    ]
    member_field: Annotated[
        FieldName, Field(description="where the event names the member's tag", examples=["member"])
    ] = "member"
    points_per_unit: PerUnit
    rounding: Annotated[Rounding, Field(description="of each event's points")] = "down"
    starts_at: Annotated[Instant | None, Field(description="null: from the first event on")] = None
    ends_at: Annotated[Instant | None, Field(description="null: without end")] = None

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Self:
        bounded = self.starts_at is not None and self.ends_at is not None
        if bounded and self.starts_at >= self.ends_at:  # type: ignore[operator]  # neither is none
            raise ValueError("starts_at must be before ends_at")
        return self


class RuleOut(Model):
    id: Annotated[str, Field(examples=["rul_01JD3V3Q8X0000000000000000"])]
    programme: ProgrammeId
    event: Annotated[str, Field(examples=["session.completed"])]
    field: Annotated[str, Field(examples=["kwh"])]
    member_field: Annotated[str, Field(examples=["member"])]
    points_per_unit: Annotated[str, Field(examples=["1.5"])]
    rounding: Rounding
    starts_at: Timestamp | None
    ends_at: Timestamp | None
    active: Annotated[bool, Field(description="false: it was deleted and gives nothing any more")]
    created_at: Timestamp
    backfilled_at: Annotated[
        Timestamp | None,
        Field(description="when all events from before the rule were looked at; null: under way"),
    ]
