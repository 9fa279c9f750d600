"""Kinds of text that bodies and queries of several apps have; needs no web framework."""

from typing import Annotated

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
