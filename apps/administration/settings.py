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

    @property
    def kept(self) -> timedelta:
        """How long sign-ins and invitations stay after their end."""
        return timedelta(days=self.sign_ins_kept_days)
