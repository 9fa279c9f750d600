"""What is wrong with the settings of mail is one sentence that names the variable."""

from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from shared.mail.connect import connect_mailer
from shared.mail.folder import FolderMailer
from shared.mail.ses import SesMailer
from shared.mail.settings import MailSettings
from shared.mail.smtp import SmtpMailer
from shared.settings import load


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENVIRONMENT", "SECRET", "DOMAIN", "MAIL_URL", "MAIL_FROM", "MAIL_PASSWORD"):
        monkeypatch.delenv(f"FORTRESS_{name}", raising=False)


def told(monkeypatch: pytest.MonkeyPatch, **values: str) -> MailSettings:
    for name, value in values.items():
        monkeypatch.setenv(f"FORTRESS_{name}", value)
    return load(MailSettings)


def test_a_laptop_needs_nothing_set() -> None:
    settings = load(MailSettings)
    assert settings.mail_folder == Path("var/mail")
    assert settings.sender == "no-reply@fortress.localhost"
    assert isinstance(connect_mailer(settings), FolderMailer)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("folder:///data/mail", FolderMailer),
        ("smtp://mail.example.com", SmtpMailer),
        ("smtp://user:p%40ss@mail.example.com:2525", SmtpMailer),
        ("smtps://user@mail.example.com:465", SmtpMailer),
        ("smtp://[::1]:25", SmtpMailer),
        ("ses://eu-central-1", SesMailer),
    ],
)
def test_each_way_of_sending(monkeypatch: pytest.MonkeyPatch, url: str, kind: type) -> None:
    assert isinstance(connect_mailer(told(monkeypatch, MAIL_URL=url)), kind)


@pytest.mark.parametrize(
    ("url", "login"),
    [
        ("smtp://u%40x:p%40%2Fss@mail.example.com", ("u@x", "p@/ss")),
        ("smtp://mail.example.com", None),
        ("smtp://user@mail.example.com", ("user", "")),
    ],
)
def test_who_signs_in(
    monkeypatch: pytest.MonkeyPatch, url: str, login: tuple[str, str] | None
) -> None:
    assert told(monkeypatch, MAIL_URL=url).mail_login == login


def test_a_password_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = told(
        monkeypatch, MAIL_URL="smtp://user@mail.example.com", MAIL_PASSWORD="p@ss:w/or%40"
    )
    assert settings.mail_login == ("user", "p@ss:w/or%40")
    assert "p@ss" not in repr(settings)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"MAIL_URL": ""}, "FORTRESS_MAIL_URL"),
        ({"MAIL_URL": "/tmp/mail"}, "FORTRESS_MAIL_URL"),
        ({"MAIL_URL": "http://mail.example.com"}, "FORTRESS_MAIL_URL"),
        ({"MAIL_URL": "folder://"}, "FORTRESS_MAIL_URL"),
        ({"MAIL_URL": "smtp://"}, "FORTRESS_MAIL_URL"),
        ({"MAIL_URL": "smtp://host:port"}, "FORTRESS_MAIL_URL"),
        ({"MAIL_URL": "smtp://host:99999"}, "FORTRESS_MAIL_URL"),
        ({"MAIL_URL": "smtp://user:p/w@host"}, "FORTRESS_MAIL_URL"),
        ({"MAIL_URL": "smtp://host/?tls=no"}, "FORTRESS_MAIL_URL"),
        ({"MAIL_URL": "ses://"}, "FORTRESS_MAIL_URL"),
        ({"MAIL_URL": "ses://user@eu-central-1"}, "FORTRESS_MAIL_URL"),
        ({"MAIL_URL": "ses://eu-central-1/x"}, "FORTRESS_MAIL_URL"),
        ({"MAIL_FROM": "nobody"}, "FORTRESS_MAIL_FROM"),
        ({"MAIL_FROM": "a@example.com\nBcc: b@example.com"}, "FORTRESS_MAIL_FROM"),
        ({"DOMAIN": "localhost"}, "FORTRESS_MAIL_FROM"),
        ({"MAIL_PASSWORD": "x"}, "FORTRESS_MAIL_PASSWORD"),
        ({"MAIL_URL": "smtp://host", "MAIL_PASSWORD": "x"}, "FORTRESS_MAIL_PASSWORD"),
        ({"MAIL_URL": "smtp://u:p@host", "MAIL_PASSWORD": "x"}, "FORTRESS_MAIL_PASSWORD"),
        ({"ENVIRONMENT": "production", "SECRET": "s" * 40}, "FORTRESS_MAIL_URL"),
    ],
)
def test_what_is_wrong_is_named(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], named: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        told(monkeypatch, **values)
    assert caught.value.detail.startswith(named)
    assert "\n" not in caught.value.detail
