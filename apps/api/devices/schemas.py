"""Bodies about devices."""

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from apps.api.fields import Tag, Uid
from shared.devices import is_imei
from shared.web.fields import Cursor, Printable
from shared.web.schemas import Limit, Model, Timestamp

MOST_TAGS = 32
MOST_NETWORKS = 32
DEVICE_EXAMPLE = "dev_01JD3V3Q8X0000000000000000"
PROFILE_EXAMPLE = "prf_01JD3V3Q8X0000000000000000"


def unique(tags: list[str]) -> list[str]:
    """Tags in order, each once."""
    return sorted(set(tags))


def a_network(text: str) -> str:
    """A network in CIDR notation as it is usually written; raises `ValueError`."""
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError(f"{error}; a network is like 198.51.100.0/24 or 2001:db8::/32") from None


Tags = Annotated[
    list[Tag], Field(max_length=MOST_TAGS, examples=[["floor-2"]]), AfterValidator(unique)
]
Transport = Annotated[
    Literal["lines", "teltonika"],
    Field(
        description="how it connects. `lines`: with a token. `teltonika`: a tracker that says its"
        " IMEI, which is its uid, and has no secret"
    ),
]
Network = Annotated[str, StringConstraints(max_length=64), AfterValidator(a_network)]
Networks = Annotated[
    list[Network],
    Field(
        max_length=MOST_NETWORKS,
        description="networks that a tracker may come from; none: any",
        examples=[["198.51.100.0/24"]],
    ),
    AfterValidator(unique),
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
    transport: Transport = "lines"
    networks: Networks = Field(default_factory=list)

    @field_validator("transport")
    @classmethod
    def _has_an_imei(cls, value: str, info: ValidationInfo) -> str:
        if value == "teltonika" and not is_imei(info.data.get("uid", "")):
            raise ValueError("the uid of a tracker is its IMEI, 15 digits")
        return value

    @field_validator("networks")
    @classmethod
    def _of_a_tracker(cls, value: list[str], info: ValidationInfo) -> list[str]:
        if value and info.data.get("transport") != "teltonika":
            raise ValueError("only a tracker (transport teltonika) is limited to networks")
        return value


class DevicePatch(Model):
    """What is given is changed; `tags` and `networks` are replaced as a whole; `profile` null takes
    it away.
    """

    # Factories keep the defaults, which are never used, out of the document.
    uid: Uid = Field(default_factory=str)
    name: DeviceName = Field(default_factory=str)
    profile: ProfileKey = None
    tags: Tags = Field(default_factory=list)
    networks: Networks = Field(default_factory=list)


class DeviceOut(Model):
    id: Annotated[str, Field(examples=[DEVICE_EXAMPLE])]
    uid: Annotated[str, Field(examples=["pump-7"])]
    name: Annotated[str, Field(examples=["Pump 7, cellar"])]
    profile: Annotated[str | None, Field(examples=[PROFILE_EXAMPLE])]
    tags: Annotated[list[str], Field(examples=[["floor-2"]])]
    transport: Transport
    authenticated: Annotated[
        bool,
        Field(
            description="it proves who it is. False for a tracker: whoever knows its IMEI and"
            " comes from its networks can speak as it"
        ),
    ]
    networks: Annotated[
        list[str], Field(description="networks that a tracker may come from; none: any")
    ]
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
            description="the device's secret, shown this once; null in a repeated answer, and for a"
            " tracker, which has none",
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
    group: Annotated[
        str | None, Field(max_length=64, description="public id of a group of devices")
    ] = None
    online: bool | None = None
    disabled: bool | None = None
    transport: Transport | None = None
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
