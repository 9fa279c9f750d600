"""Setting up and ending one-time codes, and the recovery codes that go with them."""

from datetime import datetime, timedelta

from apps.administration import words
from apps.administration.factors import repository, rules
from apps.administration.factors.errors import SetUpOver, WrongFirstCode
from apps.administration.factors.told import Doing
from shared.auth.sessions import SignedIn
from shared.models import Totp
from shared.sealed import Seal, Unreadable

# As long as somebody may take to find and install an app.
SET_UP_LASTS = timedelta(minutes=30)


def begin(secret: str, who: SignedIn, now: datetime) -> tuple[str, str]:
    """A new secret of one-time codes, and the same sealed: what the form keeps until the first
    code was right. Nothing is stored, and nothing that was set up before is touched.
    """
    made = rules.new_secret()
    values = {"secret": made, "until": (now + SET_UP_LASTS).isoformat()}
    return made, _form_seal(secret).close(values, label=who.sign_in_public_id)


def continued(secret: str, who: SignedIn, sealed: str, now: datetime) -> str:
    """The secret of a set-up that was begun in this sign-in. Raises `SetUpOver`."""
    try:
        values = _form_seal(secret).open(sealed, label=who.sign_in_public_id)
    except Unreadable:
        raise SetUpOver from None
    if datetime.fromisoformat(values["until"]) <= now:
        raise SetUpOver
    return str(values["secret"])


async def confirm(doing: Doing, secret: str, code: str) -> list[str]:
    """One-time codes count from now on, instead of any before; returns new recovery codes.

    Raises `WrongFirstCode`, also for a code that was right before.
    """
    person_id = doing.who.person_id
    await repository.hold(doing.session, person_id)
    before = await repository.totp(doing.session, person_id)
    step = rules.step_of(secret, code, doing.now.timestamp(), -1)
    if step is None or await _is_again(doing, before, secret):
        raise WrongFirstCode("look at the app again and write the six digits that it shows now")
    sealed = doing.seal.close({"secret": secret}, label=str(person_id))
    was = None if before is None else {"since": _date(before.created_at)}
    row = before or Totp(person_id=person_id)
    row.secret, row.last_step, row.created_at = sealed, step, doing.now
    doing.session.add(row)
    action = "totp.replace" if before else "totp.add"
    await doing.record(action, before=was, after={"since": _date(doing.now)})
    await doing.tell(words.factor_added(doing.now, doing.address, "an authenticator app"))
    return await _renew(doing)


async def remove(doing: Doing) -> None:
    """No second factor is asked for any more; recovery codes go with it."""
    person_id = doing.who.person_id
    await repository.hold(doing.session, person_id)
    row = await repository.totp(doing.session, person_id)
    if row is None:
        return
    left = await repository.recovery_codes_left(doing.session, person_id)
    before = {"since": _date(row.created_at), "recovery_codes": left}
    await doing.session.delete(row)
    await repository.replace_recovery_codes(doing.session, person_id, [], doing.now)
    await doing.record("totp.remove", before=before)
    await doing.tell(words.factor_removed(doing.now, doing.address, "the authenticator app"))


async def renew(doing: Doing) -> list[str]:
    """Ten new recovery codes; those before are of no use any more. Raises `SetUpOver` where there
    are no one-time codes that they could stand for.
    """
    person_id = doing.who.person_id
    await repository.hold(doing.session, person_id)
    if await repository.totp(doing.session, person_id) is None:
        raise SetUpOver
    left = await repository.recovery_codes_left(doing.session, person_id)
    made = await _renew(doing)
    await doing.record(
        "recovery_codes.renew",
        before={"recovery_codes": left},
        after={"recovery_codes": len(made)},
    )
    await doing.tell(words.factor_added(doing.now, doing.address, "new recovery codes"))
    return made


async def _renew(doing: Doing) -> list[str]:
    made = rules.new_recovery_codes()
    stored = [code for each in made if (code := rules.recovery_code(each))]
    await repository.replace_recovery_codes(doing.session, doing.who.person_id, stored, doing.now)
    return made


async def _is_again(doing: Doing, before: Totp | None, secret: str) -> bool:
    """Whether a set-up that is done already was sent once more."""
    if before is None:
        return False
    try:
        opened = doing.seal.open(before.secret, label=str(before.person_id))
    except Unreadable:
        return False
    return bool(opened["secret"] == secret)


def _form_seal(secret: str) -> Seal:
    return Seal(secret, "set-up of one-time codes")


def _date(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
