"""Settings of ingest."""

from pydantic import Field

from shared.settings import Settings


class IngestSettings(Settings):
    tcp_host: str = Field("0.0.0.0", description="address that devices connect to")  # noqa: S104 - devices come from everywhere
    tcp_port: int = Field(
        9000, ge=0, le=65535, description="port of the line protocol; 0: any free one"
    )
    workers: int = Field(
        1, ge=1, le=64, description="processes that share the port; each is a task of its own"
    )
    window: int = Field(
        256, ge=1, le=10_000, description="unacknowledged messages a device may have"
    )
    idle_s: int = Field(
        300, ge=1, description="seconds without a line until a connection is closed"
    )
    hello_s: float = Field(10.0, gt=0, description="seconds that a device has for its hello")
    recheck_s: float = Field(
        60.0,
        gt=0,
        description="seconds between looks at what is connected, for when the bus said nothing",
    )
    batch_rows: int = Field(5_000, ge=1, description="most messages in one transaction")
    queue_bytes: int = Field(
        64 * 1024 * 1024, ge=1024, description="bytes held before sockets are paused"
    )
    drain_s: float = Field(25.0, gt=0, description="most seconds that going away takes")
