"""Bodies about devices."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from apps.api.fields import Tag, Uid
from shared.web.fields import Cursor, Printable
from shared.web.schemas import Limit, Model, Timestamp

MOST_TAGS = 32
DEVICE_EXAMPLE = "dev_01JD3V3Q8X0000000000000000"
PROFILE_EXAMPLE = "prf_01JD3V3Q8X0000000000000000"


def unique(tags: list[str]) -> list[str]:
    """Tags in order, each once."""
    return sorted(set(tags))


Tags = Annotated[
    list[Tag], Field(max_length=MOST_TAGS, examples=[["floor-2"]]), AfterValidator(unique)
]
DeviceName = Annotated[
    str, StringConstraints(max_length=200), Printable, Field(examples=["Pump 7, cellar"])
]
ProfileKey = Annotated[
    str | None,
    Field(max_length=64, description="public id of its profile", examples=[PROFILE_EXAMPLE]),
]


class DeviceIn(Model):
    uid: Uid
    name: DeviceName = ""
    profile: ProfileKey = None
    tags: Tags = Field(default_factory=list)


class DevicePatch(Model):
    """What is given is changed; `tags` are replaced as a whole; `profile` null takes it away."""

    # Factories keep the defaults, which are never used, out of the document.
    uid: Uid = Field(default_factory=str)
    name: DeviceName = Field(default_factory=str)
    profile: ProfileKey = None
    tags: Tags = Field(default_factory=list)


class DeviceOut(Model):
    id: Annotated[str, Field(examples=[DEVICE_EXAMPLE])]
    uid: Annotated[str, Field(examples=["pump-7"])]
    name: Annotated[str, Field(examples=["Pump 7, cellar"])]
    profile: Annotated[str | None, Field(examples=[PROFILE_EXAMPLE])]
    tags: Annotated[list[str], Field(examples=[["floor-2"]])]
    disabled: Annotated[bool, Field(description="it may not connect")]
    online: Annotated[bool, Field(description="it is connected now")]
    last_seen: Annotated[
        Timestamp | None, Field(description="when it last sent something; null: never")
    ]
    firmware: Annotated[str, Field(description="what it said when it connected", examples=["2.4"])]
    created_at: Timestamp
    updated_at: Timestamp


class TokenOut(Model):
    token: Annotated[
        str | None,
        Field(
            description="the device's secret, shown this once; null in a repeated answer",
            examples=["dt_" + "x" * 43],
        ),
    ]


class CreatedDevice(DeviceOut, TokenOut):
    pass


class DeviceQuery(Model):
    """Which devices: those that fit everything said."""

    limit: Limit = 50
    cursor: Cursor = None
    tag: Annotated[
        list[Tag], Field(max_length=5, description="has this tag; several: has them all")
    ] = Field(default_factory=list)
    profile: Annotated[str | None, Field(max_length=64, description="public id of a profile")] = (
        None
    )
    online: bool | None = None
    disabled: bool | None = None
    uid: Annotated[str | None, Field(max_length=128, description="exactly this uid")] = None
    q: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=128,
            description="uid or name has this in it; case does not matter",
            examples=["pump"],
        ),
    ] = None
