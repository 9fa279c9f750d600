"""What a browser's form sends, without script: names and values, each once."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from shared.errors import BadRequest

MEDIA_TYPE = "application/x-www-form-urlencoded"
FIELDS = 200


def is_form(content_type: str) -> bool:
    """Whether a body of this type is a form as `parse` reads it."""
    return content_type.partition(";")[0].strip().lower() == MEDIA_TYPE


def parse(body: bytes) -> dict[str, str]:
    """The fields of a form. Raises `BadRequest` for what no browser sends, and a field twice."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=FIELDS,
        )
    except ValueError:
        raise BadRequest("the form cannot be read; send it again from its page") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadRequest("the form has a field twice; send it again from its page")
    return fields


async def _form(request: Request) -> dict[str, str]:
    if not is_form(request.headers.get("content-type", "")):
        raise BadRequest(f"a form is sent as {MEDIA_TYPE}")
    return parse(await request.body())


FormOf = Annotated[dict[str, str], Depends(_form)]
"""A route's form: field name → value, as text that may be anything."""
