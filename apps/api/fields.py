"""Kinds of text and numbers that several bodies have."""

import math
from typing import Annotated

from pydantic import AfterValidator, Field, StrictFloat, StrictInt, StringConstraints

from shared.web.fields import CODE_PATTERN, Printable

LARGEST = 1e300


def finite(value: float) -> float:
    """A number of moderate size; raises `ValueError`."""
    if not -LARGEST <= value <= LARGEST or math.isnan(value):
        raise ValueError("the number is not finite or too large")
    return value


Number = Annotated[StrictInt | StrictFloat, AfterValidator(finite)]
MetricName = Annotated[str, StringConstraints(pattern=CODE_PATTERN), Field(examples=["temp"])]
Tag = Annotated[
    str, StringConstraints(min_length=1, max_length=64), Printable, Field(examples=["floor-2"])
]
Uid = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128),
    Printable,
    Field(description="what the device calls itself, unique here", examples=["pump-7"]),
]
