"""Bodies about programmes."""

from typing import Annotated

from pydantic import Field

from shared.web.fields import Name
from shared.web.schemas import Model, Timestamp

ProgrammeId = Annotated[
    str,
    Field(
        max_length=64,
        description="public id of a programme",
        examples=["prg_01JD3V3Q8X0000000000000000"],
    ),
]


class ProgrammeIn(Model):
    name: Annotated[Name, Field(description="unique here", examples=["Charge & Collect"])]


class ProgrammeOut(Model):
    id: ProgrammeId
    name: Annotated[str, Field(examples=["Charge & Collect"])]
    created_at: Timestamp
