"""How mail is sent: what the app that sends it is set from outside."""

from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from shared.mail.base import is_address
from shared.settings import Environment, SealingSettings

FORMS = "folder://path, smtp://user@host:port, smtps://user@host:port or ses://region"
SCHEMES = ("folder", "smtp", "smtps", "ses")
NEAR = ("localhost", "127.0.0.1", "::1")


class MailSettings(SealingSettings):
    """Settings of an app that sends mail: letters wait sealed."""

    mail_url: str = Field(
        "folder://var/mail",
        description=f"{FORMS}; smtp:// turns to TLS by STARTTLS, smtps:// begins with it",
        # It may have a password in it.
        repr=False,
    )
    mail_password: SecretStr | None = Field(
        None, description="the password for FORTRESS_MAIL_URL, as it is, where the URL has none"
    )
    mail_from: str = Field(
        "", description="address that mail comes from; default: no-reply@FORTRESS_DOMAIN"
    )

    @field_validator("mail_url")
    @classmethod
    def _known_mail(cls, value: str) -> str:
        try:
            url = urlsplit(value)
            port, host = url.port, url.hostname
        except ValueError:
            raise ValueError(f"not a mail URL; use {FORMS}") from None
        if url.scheme not in SCHEMES:
            raise ValueError(f"not a mail URL; use {FORMS}")
        if url.scheme == "folder" and not value.removeprefix("folder://"):
            raise ValueError("folder:// names no folder")
        if url.scheme == "ses" and (not host or port or url.path.strip("/") or url.username):
            raise ValueError("ses:// takes a region and nothing else, as in ses://eu-central-1")
        if url.scheme in ("smtp", "smtps") and not host:
            raise ValueError(f"{url.scheme}:// names no host")
        if url.scheme in ("smtp", "smtps") and (url.path.strip("/") or url.query or url.fragment):
            raise ValueError(
                "after host and port nothing follows; write / ? # in a password as %xx"
            )
        return value

    @field_validator("mail_from")
    @classmethod
    def _known_sender(cls, value: str) -> str:
        if value and not is_address(value):
            raise ValueError("not an address; use one as no-reply@example.com")
        return value

    @model_validator(mode="after")
    def _can_send(self) -> Self:
        url = urlsplit(self.mail_url)
        if url.scheme == "folder" and self.environment is not Environment.development:
            raise ValueError(
                f"FORTRESS_MAIL_URL: a folder sends nothing, outside development use {FORMS[15:]}"
            )
        if self.mail_password is not None and url.scheme not in ("smtp", "smtps"):
            raise ValueError(
                "FORTRESS_MAIL_PASSWORD needs an smtp:// or smtps:// FORTRESS_MAIL_URL"
            )
        if self.mail_password is not None and (url.password is not None or not url.username):
            raise ValueError(
                "FORTRESS_MAIL_PASSWORD needs a user, and no password, in FORTRESS_MAIL_URL"
            )
        if not is_address(self.sender):
            raise ValueError(
                f"FORTRESS_MAIL_FROM: {self.sender} is not an address; set one to send from"
            )
        return self

    @property
    def sender(self) -> str:
        """The address that mail comes from."""
        return self.mail_from or f"no-reply@{self.domain}"

    @property
    def mail_folder(self) -> Path | None:
        """The folder that mail is written into, where it is."""
        kind, _, rest = self.mail_url.partition("://")
        return Path(rest) if kind == "folder" else None

    @property
    def mail_login(self) -> tuple[str, str] | None:
        """User and password for the mail server, where there are some."""
        url = urlsplit(self.mail_url)
        if not url.username:
            return None
        given = self.mail_password.get_secret_value() if self.mail_password else None
        return unquote(url.username), given if given is not None else unquote(url.password or "")
