"""What every HTTP app is set besides."""

from pydantic import Field

from shared.settings import Settings


class WebSettings(Settings):
    """Where an HTTP app listens."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0: any free one")
    trusted_proxies: str = Field(
        "127.0.0.1", description="addresses or networks whose X-Forwarded-For is believed"
    )
    leave_s: float = Field(
        0.0,
        ge=0,
        le=60,
        description="seconds that requests are still taken after SIGTERM, while /readyz says no: as"
        " long as a load balancer takes to notice",
    )
