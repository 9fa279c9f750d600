"""Bodies about runs."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from apps.reporting.exports.rules import MOST_DEVICES
from shared.web.fields import CODE_PATTERN, Cursor, EventName
from shared.web.schemas import LATEST_MS, Instant, Limit, Model, Timestamp

RUN_EXAMPLE = "run_01JD3V3Q8X0000000000000000"
DeviceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,31}$")]
Metric = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]
DataField = Annotated[str, StringConstraints(min_length=1, max_length=64)]
State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
MOST_NAMES = 1_000


class Asked(Model):
    """What every kind of run has."""

    devices: Annotated[
        list[DeviceId],
        Field(
            default_factory=list,
            max_length=MOST_DEVICES,
            description="public ids of devices; none: all devices",
            examples=[[]],
        ),
    ]
    start: Annotated[Instant, Field(description="not before this device time")] = 0
    end: Annotated[Instant, Field(description="before this device time")] = LATEST_MS


class ReadingsIn(Asked):
    kind: Literal["readings"]
    metrics: Annotated[
        list[Metric],
        Field(
            default_factory=list,
            max_length=MOST_NAMES,
            description="columns; none: every metric of the devices",
            examples=[["temp", "door"]],
        ),
    ]


class EventsIn(Asked):
    kind: Literal["events"]
    event: Annotated[EventName | None, Field(description="only events of this name")] = None
    fields: Annotated[
        list[DataField],
        Field(
            default_factory=list,
            max_length=MOST_NAMES,
            description="fields of the data to write as columns; none: all as JSON",
            examples=[["kwh", "minor"]],
        ),
    ]


RunIn = Annotated[ReadingsIn | EventsIn, Field(discriminator="kind")]


class RunOut(Model):
    id: Annotated[str, Field(examples=[RUN_EXAMPLE])]
    kind: Annotated[str, Field(examples=["readings"])]
    state: State
    parameters: Annotated[dict[str, Any], Field(description="what was asked for")]
    progress: Annotated[int, Field(description="rows written so far")]
    size: Annotated[int | None, Field(description="bytes of the file")]
    error: Annotated[str | None, Field(description="why it failed, or why it is being tried again")]
    file: Annotated[
        str | None,
        Field(description="where the file is", examples=[f"/v1/runs/{RUN_EXAMPLE}/file"]),
    ]
    created_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None
    expires_at: Annotated[
        Timestamp | None, Field(description="from then on the run and its file are gone")
    ]


class RunsQuery(Model):
    limit: Limit = 50
    cursor: Cursor = None
