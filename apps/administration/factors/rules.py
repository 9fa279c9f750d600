"""One-time codes and recovery codes as values, and which way in has to stay."""

import hmac
import re
import secrets
from typing import Final

import pyotp

# RFC 6238: what every authenticator app takes, six digits of SHA-1 every thirty seconds.
STEP_S: Final = 30
# Clocks of telephones differ: the step before and the one after count too (RFC 6238, 5.2).
DRIFT: Final = (0, -1, 1)
ISSUER: Final = "Fortress"

RECOVERY_CODES: Final = 10
# 140 random bits: more than the 128 of ASVS 11.5.1, and the 112 from which on a plain hash of a
# code tells nothing (6.5.2).
_GROUPS: Final = 7
_GROUP: Final = 4
# Crockford's base32 has no letters that look alike; those that do are read as what they look like.
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALIKE: Final = str.maketrans("OIL", "011")
_BETWEEN: Final = re.compile(r"[\s-]+")
_DIGITS: Final = re.compile(r"[0-9]{6}")
_RECOVERY: Final = re.compile(rf"[{_LETTERS}]{{{_GROUPS * _GROUP}}}")


def new_secret() -> str:
    """160 random bits in base32: what RFC 4226 (4, R6) recommends."""
    return pyotp.random_base32(32)


def address(secret: str, email: str) -> str:
    """What an authenticator app reads from the picture: `otpauth://totp/…`."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def spaced(secret: str) -> str:
    """The secret in groups of four, for who types it."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def step_of(secret: str, text: str, now_s: float, last_step: int) -> int | None:
    """The step of time whose code `text` is; none where it is none, or of `last_step` or before."""
    code = _BETWEEN.sub("", text)
    if _DIGITS.fullmatch(code) is None:
        return None
    totp, present = pyotp.TOTP(secret), int(now_s) // STEP_S
    steps = (present + drift for drift in DRIFT)
    # All are compared, so that the time it takes does not tell which it was.
    right = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), code)]
    return next((step for step in right if step > last_step), None)


def new_recovery_codes() -> list[str]:
    """Ten codes as they are shown: `ABCD-…`, seven groups."""
    return [_new_recovery_code() for _ in range(RECOVERY_CODES)]


def recovery_code(text: str) -> str | None:
    """The code in its one form, however it was typed; none where it is no recovery code."""
    code = _BETWEEN.sub("", text).upper().translate(_ALIKE)
    return code if _RECOVERY.fullmatch(code) else None


def leaves_a_way_in(*, password: bool, passkeys: int) -> bool:
    """Whether somebody with a password (or none) can still sign in with `passkeys` left."""
    return password or passkeys > 0


def _new_recovery_code() -> str:
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)
