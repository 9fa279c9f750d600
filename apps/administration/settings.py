"""What administration is set from outside."""

from shared.mail.settings import MailSettings
from shared.web.settings import WebSettings


class AdministrationSettings(WebSettings, MailSettings):
    """Settings of administration: what every HTTP app has, and how mail is sent."""
