"""What dashboarding is set from outside."""

from pydantic import Field

from shared.web.settings import WebSettings


class DashboardingSettings(WebSettings):
    """Settings of dashboarding."""

    streams: int = Field(1_000, ge=1, le=100_000, description="live streams in this process")
    streams_each: int = Field(
        200, ge=1, le=100_000, description="live streams of one organisation in this process"
    )
    stream_comment_s: float = Field(
        15, gt=0, description="seconds of silence after which a live stream sends a comment"
    )
    stream_look_s: float = Field(
        3, gt=0, description="seconds between looks at the database for what the bus did not say"
    )
    stream_key_s: float = Field(
        30, gt=0, description="seconds between checks that the keys of live streams still hold"
    )
    stream_stall_s: float = Field(
        30, gt=0, description="seconds after which a reader that takes nothing is cut off"
    )
    stream_queue: int = Field(
        1_000, ge=1, description="events that may wait for a slow reader before it is cut off"
    )
    stream_queue_bytes: int = Field(
        4 * 1024 * 1024, ge=1, description="bytes that may wait for a slow reader"
    )
    stream_late_ms: int = Field(
        10_000,
        ge=0,
        description="how long after its time a change may become visible in the database: "
        "clock differences and transactions under way",
    )
