"""Bodies about service accounts."""

from typing import Annotated

from pydantic import Field

from shared.web.schemas import Model, Timestamp

AccountName = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"\S", examples=["warehouse import"])
]


class ServiceAccountIn(Model):
    name: AccountName


class ServiceAccountPatch(Model):
    """What is left out, or null, stays as it is."""

    name: AccountName | None = Field(None, description="a new name")
    disabled: bool | None = Field(
        None, description="true: none of its keys works; false: those work that are not revoked"
    )


class HeldKey(Model):
    id: str = Field(description="public id", examples=["key_01JD3V3Q8X0000000000000000"])
    name: str


class ServiceAccountOut(Model):
    id: str = Field(description="public id", examples=["svc_01JD3V3Q8X0000000000000000"])
    name: AccountName
    created_at: Timestamp
    disabled_at: Timestamp | None = Field(description="null: its keys work")
    keys: list[HeldKey] = Field(description="its keys that are not revoked, oldest first")
