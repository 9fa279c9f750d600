"""Bodies about members."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from apps.loyalty.programmes.schemas import ProgrammeId
from shared.web.fields import Cursor, Printable
from shared.web.schemas import Limit, Model, Timestamp

MOST_TAGS = 20
MOST_MEMBERS = 1_000

Tag = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128),
    Printable,
    Field(description="what devices call the member, unique in a programme", examples=["TAG-9"]),
]
Tags = Annotated[list[Tag], Field(max_length=MOST_TAGS)]
MemberName = Annotated[
    str, StringConstraints(max_length=200), Printable, Field(examples=["Ada Lovelace"])
]


class NewMember(Model):
    name: MemberName = ""
    tags: Tags = Field(default_factory=list)


class MemberIn(NewMember):
    programme: ProgrammeId


class MembersIn(Model):
    """All of them are made, or none."""

    programme: ProgrammeId
    members: Annotated[list[NewMember], Field(min_length=1, max_length=MOST_MEMBERS)]

    def tags(self) -> Iterator[str]:
        """Every tag of every member."""
        return (tag for member in self.members for tag in member.tags)

    @model_validator(mode="after")
    def _tags_are_named_once(self) -> Self:
        seen: set[str] = set()
        for tag in self.tags():
            if tag in seen:
                raise ValueError(f"the tag {tag} is named twice")
            seen.add(tag)
        return self


class TagIn(Model):
    tag: Tag


class MemberOut(Model):
    id: Annotated[str, Field(examples=["mbr_01JD3V3Q8X0000000000000000"])]
    programme: ProgrammeId
    name: Annotated[str, Field(examples=["Ada Lovelace"])]
    tags: Annotated[list[str], Field(examples=[["TAG-9"]])]
    created_at: Timestamp


class MembersOut(Model):
    items: list[MemberOut]


class MemberQuery(Model):
    programme: Annotated[
        str | None, Field(max_length=64, description="only members of this programme")
    ] = None
    tag: Annotated[str | None, Field(max_length=128, description="only who has this tag")] = None
    limit: Limit = 50
    cursor: Cursor = None
