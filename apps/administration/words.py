"""What administration's letters say."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

# Reset it, if this was somebody else: what every notice about an account ends with.
_NOT_YOU = (
    "If it was not you, reset your password and look at your sign-ins: both are under Account."
)


@dataclass(frozen=True, slots=True)
class Words:
    """A template of shared/mail/templates and its values."""

    template: str
    values: dict[str, Any]


def sign_in_link(link: str, lasts: timedelta) -> Words:
    return _link(
        "Your link to sign in",
        f"Use it within {_minutes(lasts)} minutes. It works once.",
        link,
        "Sign in",
        "If you did not ask for it, do nothing: without the link nobody signs in with it.",
    )


def reset(link: str, lasts: timedelta) -> Words:
    return _link(
        "Choose a new password",
        f"Use this link within {_minutes(lasts)} minutes. It works once. Your password stays as it"
        " is until you chose another.",
        link,
        "Choose a new password",
        "If you did not ask for it, do nothing: nothing has changed.",
    )


def prove(link: str, lasts: timedelta) -> Words:
    return _link(
        "Is this your mail address?",
        "Somebody wants to use this address for an account. If that is you, confirm it within"
        f" {_minutes(lasts)} minutes, in the browser that you are signed in with.",
        link,
        "Confirm this address",
        "If you do not know what this is about, do nothing: this address is not used then.",
    )


def invitation(link: str, organisation: str, inviter: str, role: str, until: datetime) -> Words:
    return _link(
        f"Join {organisation}",
        f"{inviter} invites you to join {organisation} as {role}. The invitation is good until"
        f" {_time(until)}.",
        link,
        "See the invitation",
        "If you do not want to join, do nothing.",
    )


def sso_link(link: str, organisation: str, lasts: timedelta) -> Words:
    return _link(
        "Link your account",
        f"Somebody with your mail address came by the sign-in of {organisation}. If that was you,"
        f" link your account within {_minutes(lasts)} minutes: from then on that sign-in opens it.",
        link,
        "Link your account",
        "If it was not you, do nothing, and tell an administrator of your organisation: your"
        " account stays closed to it.",
    )


def new_device(at: datetime, address: str | None, agent: str | None) -> Words:
    """Somebody signed in with a browser that was not seen before."""
    return _notice(
        "A new sign-in to your account",
        f"Your account was used with a browser that it was not used with before. {_NOT_YOU}",
        [("When", _time(at)), ("From", address or "unknown"), ("Browser", agent or "unknown")],
    )


def password_changed(at: datetime, address: str | None) -> Words:
    return _notice(
        "Your password was changed",
        f"Your account has a new password. It is signed out everywhere else. {_NOT_YOU}",
        [("When", _time(at)), ("From", address or "unknown")],
    )


def mail_changing(at: datetime, address: str | None, email: str) -> Words:
    """To the address so far, before the new one is proved."""
    return _notice(
        "Your mail address is about to change",
        "Somebody who is signed in to your account wants to use another mail address with it."
        f" {_NOT_YOU}",
        [("When", _time(at)), ("From", address or "unknown"), ("New address", email)],
    )


def mail_in_use() -> Words:
    """To an address that was to be proved and has an account."""
    return _notice(
        "This mail address has an account already",
        "Somebody wants to use this address with another account. That is not possible: it has one"
        " already. Sign in with that one, or ask for a link to sign in. If you do not know what"
        " this is about, do nothing.",
        [],
    )


def mail_changed(at: datetime, address: str | None, email: str) -> Words:
    return _notice(
        "Your mail address was changed",
        "Your account has another mail address; this one does not open it any more. If it was not"
        " you, tell an administrator of your organisation at once.",
        [("When", _time(at)), ("From", address or "unknown"), ("New address", email)],
    )


def factor_added(at: datetime, address: str | None, what: str) -> Words:
    """`what` is something to prove oneself with, as in "the passkey Telephone"."""
    return _notice(
        "Your account can be opened in another way",
        f"Your account has {what} now. If it was not you, remove it, reset your password and look"
        " at your sign-ins: all are under Account.",
        [("When", _time(at)), ("From", address or "unknown")],
    )


def factor_removed(at: datetime, address: str | None, what: str) -> Words:
    return _notice(
        "A way to sign in was removed from your account",
        f"Your account does not use {what} any more. {_NOT_YOU}",
        [("When", _time(at)), ("From", address or "unknown")],
    )


def codes_lost(at: datetime) -> Words:
    """The command line took them away: whoever asked for it lost what makes them, or says so."""
    return _notice(
        "A way to sign in was removed from your account",
        "The people who run this service took your authenticator app and your recovery codes away,"
        f" as somebody asked them to: no code is asked for any more. {_NOT_YOU} Tell them, too.",
        [("When", _time(at))],
    )


def recovery_code_used(at: datetime, address: str | None, left: int) -> Words:
    return _notice(
        "A recovery code was used to sign in",
        f"It is of no use any more; {left} are left. {_NOT_YOU}",
        [("When", _time(at)), ("From", address or "unknown")],
    )


def erased(at: datetime) -> Words:
    return _notice(
        "Your account was erased",
        "Your name, address, password and everything else that said who you are was deleted."
        " This is the last letter. If you did not want this, tell an administrator of your"
        " organisation at once.",
        [("When", _time(at))],
    )


def _link(title: str, text: str, link: str, button: str, otherwise: str) -> Words:
    values = {"title": title, "text": text, "link": link, "button": button, "otherwise": otherwise}
    return Words("link", values)


def _notice(title: str, text: str, facts: list[tuple[str, str]]) -> Words:
    return Words("notice", {"title": title, "text": text, "facts": facts})


def _minutes(lasts: timedelta) -> int:
    return int(lasts.total_seconds()) // 60


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
