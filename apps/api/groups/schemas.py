"""Bodies about groups of devices."""

from typing import Annotated

from pydantic import Field

from shared.web.fields import Cursor, Name
from shared.web.schemas import Limit, Model, Timestamp

GroupName = Annotated[
    Name, Field(max_length=100, description="unique here", examples=["north yard"])
]


class GroupIn(Model):
    name: GroupName


class GroupOut(Model):
    id: Annotated[str, Field(examples=["grp_01JD3V3Q8X0000000000000000"])]
    name: Annotated[str, Field(examples=["north yard"])]
    devices: Annotated[int, Field(description="how many devices are in it", examples=[12])]
    created_at: Timestamp


class GroupsQuery(Model):
    limit: Limit = 50
    cursor: Cursor = None
