"""Bodies about organisations."""

from typing import Annotated

from pydantic import Field

from shared.web.schemas import Model, Timestamp

Name = Annotated[
    str,
    Field(min_length=1, max_length=200, pattern=r"\S", examples=["Harbour Offices"]),
]
RetentionDays = Annotated[
    int | None,
    Field(
        ge=1,
        le=36_500,
        description="readings older than this many days are refused and removed; "
        "null: everything is kept",
        examples=[730],
    ),
]


class OrganisationOut(Model):
    id: str = Field(description="public id", examples=["org_01JD3V3Q8X0000000000000000"])
    name: Name
    retention_days: RetentionDays
    created_at: Timestamp


class OrganisationPatch(Model):
    """What is left out stays as it is."""

    name: Name | None = Field(None, description="a new name")
    retention_days: RetentionDays = None
