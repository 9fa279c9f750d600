"""Bodies about the audit."""

from typing import Annotated, Any

from pydantic import Field

from shared.web.schemas import Model, Timestamp

Values = Annotated[
    dict[str, Any] | None,
    Field(description="what changed, never a secret", examples=[{"name": "A"}]),
]


class EntryOut(Model):
    id: str = Field(description="public id", examples=["aud_01JD3V3Q8X0000000000000000"])
    at: Timestamp
    actor: str = Field(description="who", examples=["key_01JD3V3Q8X0000000000000000"])
    action: str = Field(description="what was done", examples=["device.create"])
    target: str = Field(description="to what", examples=["dev_01JD3V3Q8X0000000000000000"])
    before: Values
    after: Values
    request_id: str | None = Field(description="finds the log lines")
    address: str | None = Field(description="the caller's network address")
