"""Bodies about API keys."""

from typing import Annotated

from pydantic import Field

from apps.administration.keys.rules import MOST_SCOPES
from shared.auth.scopes import SCOPES
from shared.web.schemas import Instant, Model, Timestamp

KeyName = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"\S", examples=["warehouse display"])
]
Scopes = Annotated[
    list[Annotated[str, Field(json_schema_extra={"enum": sorted(SCOPES)})]],
    Field(
        min_length=1,
        max_length=MOST_SCOPES,
        description="what the key may do",
        examples=[["devices:read", "readings:read"]],
    ),
]


AccountId = Annotated[str, Field(max_length=40, examples=["svc_01JD3V3Q8X0000000000000000"])]


class KeyIn(Model):
    name: KeyName
    scopes: Scopes
    expires_at: Instant | None = Field(None, description="when it ends; null: it does not")
    service_account: AccountId | None = Field(
        None, description="the service account that holds it; null: it stands by itself"
    )


class KeyOut(Model):
    id: str = Field(description="public id", examples=["key_01JD3V3Q8X0000000000000000"])
    name: KeyName
    prefix: str = Field(
        description="the part of the key that may be shown", examples=["fk_0a1b2c3d4e"]
    )
    scopes: Scopes
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None = Field(description="exact to the minute")
    revoked_at: Timestamp | None
    service_account: str | None = Field(
        description="public id of the service account that holds it",
        examples=["svc_01JD3V3Q8X0000000000000000"],
    )


class KeyCreated(KeyOut):
    key: str | None = Field(
        description="the key itself, shown now and never again; null in a repeated answer",
        examples=["fk_0a1b2c3d4e_pV2hJx0W5mV8n3T6c1Yq9LrZk4Fs7BdUeGoAiXwN0tQ"],
    )
