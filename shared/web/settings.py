"""What every HTTP app is set besides."""

from datetime import timedelta

from pydantic import Field

from shared.auth.sessions import Lifetimes
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
    session_idle_h: float = Field(
        12.0, gt=0, le=336, description="hours after which who does nothing is signed out"
    )
    session_h: float = Field(
        336.0, gt=0, le=2160, description="hours after which everybody signs in again"
    )
    session_fresh_m: float = Field(
        10.0,
        gt=0,
        le=720,
        description="minutes for which a factor that was shown lets do what needs a fresh one",
    )

    @property
    def lifetimes(self) -> Lifetimes:
        """How long a sign-in lasts."""
        return Lifetimes(
            idle=timedelta(hours=self.session_idle_h),
            absolute=timedelta(hours=self.session_h),
            fresh=timedelta(minutes=self.session_fresh_m),
        )
