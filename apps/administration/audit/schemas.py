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
    erased: list[str] = Field(
        description="what was personal and is gone, null above; its digest stays in the chain",
        examples=[["address"]],
    )


class ChainOut(Model):
    """The chain of an organisation's audit: each entry's hash is over the one before it."""

    first: int = Field(description="number of the first entry that is kept", examples=[1])
    last: int = Field(description="number of the last entry that is sealed", examples=[1204])
    head: str = Field(description="hash of the last entry, in hex", examples=["9f" * 32])
    key: str = Field(
        description="public key of the signatures (Ed25519, hex): `fortress audit verify --key`",
        examples=["3d" * 32],
    )
    signed: bool = Field(
        description="false: the chain's ends were changed by something else than its sealer"
    )
    keep_days: int = Field(description="for how many days entries are kept", examples=[400])
