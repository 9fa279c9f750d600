"""A span of time in a question: `start` is in it, `end` is not."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.web.schemas import LATEST_MS, Instant, Model

Order = Annotated[
    Literal["asc", "desc"], Field(description="by device time: earliest first, or latest")
]


class Period(Model):
    start: Annotated[Instant | None, Field(description="from this time on")] = None
    end: Annotated[Instant | None, Field(description="before this time")] = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError("start is not before end")
        return self

    @property
    def span(self) -> tuple[int, int]:
        """The first millisecond that is in it and the first behind it."""
        return self.start or 0, LATEST_MS if self.end is None else self.end
