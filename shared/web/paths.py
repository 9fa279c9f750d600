"""Parameters in the paths of several apps."""

from typing import Any

from fastapi import Path


def public_id(of: str, prefix: str) -> Any:
    """A path parameter (in `Annotated`): the public id of `of`, which begins with `prefix`."""
    example = f"{prefix}_01JD3V3Q8X0000000000000000"
    return Path(max_length=64, description=f"public id of {of}", examples=[example])
