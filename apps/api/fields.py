"""Kinds of text and numbers that several bodies have."""

import math
from typing import Annotated

from pydantic import AfterValidator, Field, StrictFloat, StrictInt, StringConstraints

METRIC_PATTERN = r"^[a-z][a-z0-9_.]{0,63}$"
LARGEST = 1e300


def printable(text: str) -> str:
    """Text without control characters and without spaces at its ends; raises `ValueError`."""
    if not text.isprintable():
        raise ValueError("it has a control character or one that cannot be shown")
    if text != text.strip():
        raise ValueError("it begins or ends with a space")
    return text


def finite(value: float) -> float:
    """A number of moderate size; raises `ValueError`."""
    if not -LARGEST <= value <= LARGEST or math.isnan(value):
        raise ValueError("the number is not finite or too large")
    return value


Printable = AfterValidator(printable)
Number = Annotated[StrictInt | StrictFloat, AfterValidator(finite)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), Printable]
MetricName = Annotated[str, StringConstraints(pattern=METRIC_PATTERN), Field(examples=["temp"])]
Tag = Annotated[
    str, StringConstraints(min_length=1, max_length=64), Printable, Field(examples=["floor-2"])
]
Uid = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128),
    Printable,
    Field(description="what the device calls itself, unique here", examples=["pump-7"]),
]
CursorIn = Annotated[str, Field(max_length=2000, description="`next` of the page before")]
