"""Settings of ingest."""

from pydantic import Field

from shared.settings import Settings


class IngestSettings(Settings):
    tcp_host: str = Field("0.0.0.0", description="address that devices connect to")  # noqa: S104 - devices come from everywhere
    tcp_port: int = Field(
        9000, ge=0, le=65535, description="port of the line protocol; 0: any free one"
    )
    teltonika_port: int = Field(
        0, ge=0, le=65535, description="port of Teltonika trackers; 0: they are not listened for"
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
    hello_rate: float = Field(
        4_000, gt=0, description="hellos a second that are judged; who comes beyond is put off"
    )
    hello_burst: int = Field(8_000, ge=1, description="hellos that may come at once")
    most_waiting: int = Field(
        10_000, ge=1, description="hellos that wait to be judged; who comes beyond is put off"
    )
    most_greeting: int = Field(
        10_000, ge=1, description="connections without a hello; at more the oldest is closed"
    )
    wrong_tokens: int = Field(
        20,
        ge=1,
        description="wrong tokens a minute, for one uid or from one address, before answers to"
        " them are delayed",
    )
    by_address: bool = Field(
        True,
        description="devices have addresses of their own; false behind a load balancer that hides"
        " them",
    )
    most_per_address: int = Field(
        0, ge=0, description="connections from one address (IPv6: /64); 0: any number"
    )
    batch_rows: int = Field(5_000, ge=1, description="most messages in one transaction")
    queue_bytes: int = Field(
        64 * 1024 * 1024,
        ge=1024,
        description="bytes held before sockets are paused, first those of organisations that hold"
        " more than their share",
    )
    org_queue_bytes: int = Field(
        32 * 1024 * 1024,
        ge=1024,
        description="bytes held of one organisation before its sockets are paused",
    )
    connection_bytes: int = Field(
        1024 * 1024, ge=1024, description="bytes held of one connection before it is paused"
    )
    bye_rate: float = Field(
        500,
        gt=0,
        description="devices a second that are told to come back when the process goes away; more"
        " where the time would not do",
    )
    drain_s: float = Field(25.0, gt=0, description="most seconds that going away takes")
