"""Bodies about series."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from apps.api.series.rules import AGGREGATES, BUCKET_PATTERN
from shared.web.fields import CODE_PATTERN
from shared.web.schemas import Instant, Model

DEFAULT_POINTS = 300
MOST_POINTS = 10_000
Number = int | float | None


class SeriesQuery(Model):
    """A metric, a span of time, and how finely it is cut: `points` or `bucket`."""

    metric: Annotated[str, StringConstraints(pattern=CODE_PATTERN), Field(examples=["temp"])]
    start: Annotated[Instant, Field(description="from this time on")]
    end: Annotated[Instant, Field(description="before this time")]
    points: Annotated[
        int | None,
        Field(ge=1, description=f"at most this many buckets, {MOST_POINTS} or fewer"),
    ] = None
    bucket: Annotated[
        str | None,
        Field(
            pattern=BUCKET_PATTERN,
            description="width of a bucket; its edges are multiples since 1970, in UTC",
            examples=["15m"],
        ),
    ] = None
    aggregates: Annotated[
        str,
        Field(
            max_length=100,
            description=f"some of {', '.join(AGGREGATES)}, with commas between",
            examples=["min,max,avg,last"],
        ),
    ] = "min,max,avg,last"

    @field_validator("aggregates")
    @classmethod
    def _known(cls, value: str) -> str:
        unknown = set(value.split(",")) - set(AGGREGATES)
        if unknown:
            raise ValueError(f"aggregates are some of {', '.join(AGGREGATES)}")
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.start >= self.end:
            raise ValueError("start is not before end")
        if self.points is not None and self.bucket is not None:
            raise ValueError("points or bucket, not both")
        return self


class SeriesPoint(Model):
    """What is in one bucket; null where it is empty. Texts have `last` and `count` only."""

    t: Annotated[int, Field(description="begin of the bucket, epoch ms", examples=[1763740800000])]
    min: Annotated[Number, Field(examples=[20.5])] = None
    max: Annotated[Number, Field(examples=[22])] = None
    avg: Annotated[float | None, Field(examples=[21.25])] = None
    last: Annotated[bool | int | float | str | None, Field(examples=[21.5])] = None
    count: Annotated[int, Field(examples=[60])] = 0
    sum: Annotated[float | None, Field(examples=[1275])] = None


class SeriesOut(Model):
    """Booleans count as 1 and 0. Sums are exact, rounded once."""

    device: Annotated[str, Field(examples=["dev_01JD3V3Q8X0000000000000000"])]
    metric: Annotated[str, Field(examples=["temp"])]
    unit: Annotated[str | None, Field(examples=["°C"])]
    start: Annotated[int, Field(examples=[1763740800000])]
    end: Annotated[int, Field(examples=[1763744400000])]
    bucket: Annotated[int, Field(description="width in ms", examples=[900000])]
    points: list[SeriesPoint]
