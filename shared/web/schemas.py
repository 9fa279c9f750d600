"""What request and response bodies are made of."""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from shared.clock import to_ms

Item = TypeVar("Item")

EARLIEST_MS = 0
LATEST_MS = 4_102_444_800_000  # 2100-01-01


class Model(BaseModel):
    """A body: unknown fields are refused, attributes of rows are taken."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, allow_inf_nan=False)


class Page(Model, Generic[Item]):
    """A page of a list. `next` is the cursor of the following page, or null."""

    items: list[Item] = Field(description="in the order of the list")
    next: str | None = Field(None, description="`cursor` of the next page; null: this is the last")


def parse_instant(value: Any) -> int:
    """RFC 3339 with a zone, or epoch milliseconds, as epoch milliseconds."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        # A TypeError would not become a validation error.
        message = "a time is RFC 3339, as in 2025-11-21T16:00:00Z, or epoch milliseconds"
        raise ValueError(message)  # noqa: TRY004 - as said above
    text = str(value).strip()
    if text.lstrip("-").isdecimal() and text.isascii() and len(text) < 20:
        ms = int(text)
    else:
        ms = _parse_rfc3339(text)
    if not EARLIEST_MS <= ms < LATEST_MS:
        raise ValueError("the time is not between 1970 and 2100")
    return ms


def _parse_rfc3339(text: str) -> int:
    try:
        # In a query a plus sign means a space: 16:00:00+01:00 arrives as 16:00:00 01:00.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise ValueError("not a time; use RFC 3339, as in 2025-11-21T16:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError("the time has no zone; add Z or an offset such as +01:00")
    try:
        return to_ms(moment.astimezone(UTC))
    except OverflowError:
        raise ValueError("the time is not between 1970 and 2100") from None


Instant = Annotated[
    int,
    BeforeValidator(parse_instant),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "integer", "minimum": EARLIEST_MS, "exclusiveMaximum": LATEST_MS},
            ],
            "examples": ["2025-11-21T16:00:00Z", 1763740800000],
        }
    ),
]
"""A time that is taken as RFC 3339 or epoch milliseconds, and is epoch milliseconds here."""


def _render(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Timestamp = Annotated[
    datetime,
    PlainSerializer(_render, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment of a business row, given as RFC 3339 in UTC with milliseconds."""

Limit = Annotated[int, Field(ge=1, le=1000, description="items a page")]
