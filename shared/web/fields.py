"""Kinds of text that bodies, queries and paths of several apps have."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, Field, StringConstraints

CODE_PATTERN = r"^[a-z][a-z0-9_.]{0,63}$"


def printable(text: str) -> str:
    """Text without control characters and without spaces at its ends; raises `ValueError`."""
    if not text.isprintable():
        raise ValueError("it has a control character or one that cannot be shown")
    if text != text.strip():
        raise ValueError("it begins or ends with a space")
    return text


Printable = AfterValidator(printable)
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), Printable]
Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]
EventName = Annotated[
    str,
    StringConstraints(pattern=CODE_PATTERN),
    Field(description="name of the device event", examples=["session.completed"]),
]
FieldName = Annotated[str, StringConstraints(min_length=1, max_length=64), Printable]
Cursor = Annotated[str | None, Field(max_length=2000, description="`next` of the page before")]


def public_id(of: str, prefix: str) -> Any:
    """A path parameter (in `Annotated`): the public id of `of`, which begins with `prefix`."""
    example = f"{prefix}_01JD3V3Q8X0000000000000000"
    return Path(max_length=64, description=f"public id of {of}", examples=[example])
