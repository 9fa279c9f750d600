"""The way of sending that a setting names."""

from urllib.parse import urlsplit

from shared.errors import ConfigurationError
from shared.mail.base import Mailer
from shared.mail.folder import FolderMailer
from shared.mail.settings import NEAR, MailSettings
from shared.settings import Environment


def connect_mailer(settings: MailSettings) -> Mailer:
    """The mailer for `settings.mail_url`. Nothing is connected to yet.

    Raises `ConfigurationError` where what it needs is not installed.
    """
    if settings.mail_folder is not None:
        return FolderMailer(settings.mail_folder, settings.sender)
    try:
        return _over_network(settings)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"FORTRESS_MAIL_URL needs the package {error.name}, which administration has"
        ) from None


def _over_network(settings: MailSettings) -> Mailer:
    """Imports only what is used: a laptop has neither to wait for it nor to have it."""
    url = urlsplit(settings.mail_url)
    assert url.hostname is not None
    if url.scheme == "ses":
        from shared.mail.ses import SesMailer  # noqa: PLC0415 - as said above

        return SesMailer(settings.sender, region=url.hostname)
    from shared.mail.smtp import SmtpMailer  # noqa: PLC0415 - as said above

    plain_is_fine = url.hostname in NEAR or settings.environment is Environment.development
    return SmtpMailer(
        settings.sender,
        host=url.hostname,
        port=url.port or (465 if url.scheme == "smtps" else 587),
        login=settings.mail_login,
        tls_first=url.scheme == "smtps",
        plain_is_fine=plain_is_fine,
    )
