"""What administration is set from outside."""

from datetime import timedelta

from pydantic import Field

from shared.mail.settings import MailSettings
from shared.web.settings import WebSettings


class AdministrationSettings(WebSettings, MailSettings):
    """Settings of administration: what every HTTP app has, and how mail is sent."""

    sign_ins_kept_days: int = Field(
        90,
        ge=1,
        le=3_650,
        description="days that sign-ins, with address and browser, and invitations are kept after"
        " their end",
    )
    # A year, as PCI DSS 4.0.1 asks (10.5.1), and a month in which to look at it or take it away.
    audit_kept_days: int = Field(
        400,
        ge=90,
        le=3_650,
        description="days that audit entries are kept where an organisation says nothing itself",
    )
    audit_former_keys: str = Field(
        "",
        pattern=r"^([0-9a-f]{64}( [0-9a-f]{64})*)?$",
        description="public keys, with spaces between, that signed audits before FORTRESS_SECRET"
        " was changed; see the chain of the audit at /audit",
    )
    dns_server: str = Field(
        "",
        pattern=r"^([0-9a-fA-F.:]*[0-9a-fA-F])?$",
        description="address, or IPv4 address:port, of the DNS server that proofs of mail domains"
        " are looked for at; default: the system's",
    )

    @property
    def kept(self) -> timedelta:
        """How long sign-ins and invitations stay after their end."""
        return timedelta(days=self.sign_ins_kept_days)
