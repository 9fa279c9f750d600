"""Bodies about profiles."""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from apps.api.fields import MetricName, Number
from shared.web.fields import Cursor, Name, Printable
from shared.web.schemas import Limit, Model, Timestamp

MOST_METRICS = 128
# Together with the audit of a change, which has the metrics before and after, in one statement
# short enough for RDS Proxy.
MOST_BYTES = 6_000


class Metric(Model):
    """What one metric is. A value outside `min` to `max` makes its reading unacceptable."""

    type: Literal["number", "boolean", "text"]
    unit: Annotated[str, StringConstraints(max_length=32), Printable] | None = None
    min: Number | None = None
    max: Number | None = None

    @model_validator(mode="after")
    def _bounds_make_sense(self) -> Self:
        if self.type != "number" and (self.min is not None or self.max is not None):
            raise ValueError("min and max belong to numbers only")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self


def stored(metrics: dict[str, Metric]) -> dict[str, Any]:
    """Metrics as the table keeps them: without what was not said."""
    return {name: metric.model_dump(exclude_none=True) for name, metric in metrics.items()}


def _not_too_large(metrics: dict[str, Metric]) -> dict[str, Metric]:
    if len(json.dumps(stored(metrics))) > MOST_BYTES:
        raise ValueError(f"the metrics take more than {MOST_BYTES} bytes of JSON")
    return metrics


Metrics = Annotated[
    dict[MetricName, Metric],
    AfterValidator(_not_too_large),
    Field(
        max_length=MOST_METRICS,
        examples=[{"temp": {"type": "number", "unit": "°C", "min": -40, "max": 125}}],
    ),
]
ProfileName = Annotated[Name, Field(examples=["room sensor"])]
Strict = Annotated[
    bool, Field(description="refuse readings with a metric that is not declared here")
]


class ProfileIn(Model):
    name: ProfileName
    strict: Strict = False
    metrics: Metrics = Field(default_factory=dict)


class ProfilePatch(Model):
    """What is given is changed; `metrics` is replaced as a whole."""

    # Factories keep the defaults, which are never used, out of the document.
    name: ProfileName = Field(default_factory=str)
    strict: Strict = Field(default_factory=bool)
    metrics: Metrics = Field(default_factory=dict)


class ProfileOut(Model):
    id: Annotated[str, Field(examples=["prf_01JD3V3Q8X0000000000000000"])]
    name: Annotated[str, Field(examples=["room sensor"])]
    strict: bool
    metrics: Annotated[
        dict[str, Metric],
        Field(examples=[{"temp": {"type": "number", "unit": "°C", "min": -40, "max": 125}}]),
    ]
    created_at: Timestamp
    updated_at: Timestamp


class ProfileQuery(Model):
    limit: Limit = 50
    cursor: Cursor = None
