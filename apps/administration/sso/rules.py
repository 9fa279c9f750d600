"""What of a provider is believed: documents and claims in, verdicts out."""

import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final
from urllib.parse import urlsplit

# Asymmetric ones alone: with a shared secret whoever knows the client's could sign as the provider.
# `none` is no signature.
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
)
BASIC: Final = "client_secret_basic"
POST: Final = "client_secret_post"
LONGEST_ISSUER: Final = 255
LONGEST_NAME: Final = 200
LONGEST_URL: Final = 2_000
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

# OpenID Connect Core, 2: at most 255 ASCII characters.
_SUBJECT = re.compile(r"[\x20-\x7e]{1,255}")
# RFC 1035 and RFC 1123, two labels at least, the last of which is no number. Letters beyond ASCII
# have to be written as DNS has them (xn--…): how they are folded is a matter of taste.
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*")


class Unfit(ValueError):
    """What a provider says cannot be believed; says why, for whoever set it up."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider says of itself (OpenID Connect Discovery, 3), as far as it is used.

    `says_issuer`: its way back names the issuer (RFC 9207). `secret_by`: how our secret is shown.
    """

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str | None
    says_issuer: bool
    secret_by: str


@dataclass(frozen=True, slots=True)
class Client:
    """What a provider knows us by. `redirect`: the one address that it sends people back to."""

    id: str
    secret: str
    redirect: str


@dataclass(frozen=True, slots=True)
class Way:
    """What one way there and back has of its own; none of it is used twice."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """Who somebody is, as a provider of the organisation that proved the address's domain says."""

    subject: str
    email: str
    name: str


def issuer_of(text: str, *, anywhere: bool) -> str:
    """An issuer as it was typed: to the letter, for it is compared so. Raises `Unfit`."""
    issuer = text.strip()
    _check_url(issuer, anywhere=anywhere)
    if len(issuer) > LONGEST_ISSUER or "?" in issuer:
        raise Unfit(
            f"write the issuer as your provider has it, without ?, at most {LONGEST_ISSUER} "
            "characters"
        )
    return issuer


def metadata_of(document: Mapping[str, Any], issuer: str, *, anywhere: bool) -> Metadata:
    """What is used of a provider's document. Raises `Unfit`."""
    if document.get("issuer") != issuer:
        raise Unfit("it names another issuer than the one that was asked; copy it exactly")
    algorithms = document.get("id_token_signing_alg_values_supported", ["RS256"])
    if not isinstance(algorithms, list) or not set(ALGORITHMS) & set(map(str, algorithms)):
        raise Unfit(f"it signs with none of {', '.join(ALGORITHMS)}")
    methods = document.get("token_endpoint_auth_methods_supported", [BASIC])
    shown = next((one for one in (BASIC, POST) if isinstance(methods, list) and one in methods), "")
    if not shown:
        raise Unfit(f"it takes a client's secret neither by {BASIC} nor by {POST}")
    userinfo = document.get("userinfo_endpoint")
    return Metadata(
        issuer=issuer,
        authorization=_endpoint(document, "authorization_endpoint", anywhere=anywhere),
        token=_endpoint(document, "token_endpoint", anywhere=anywhere),
        keys=_endpoint(document, "jwks_uri", anywhere=anywhere),
        userinfo=None
        if userinfo is None
        else _endpoint(document, "userinfo_endpoint", anywhere=anywhere),
        says_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        secret_by=shown,
    )


def came_from(given: str | None, metadata: Metadata) -> bool:
    """Whether the way back is that of the provider that was gone to (RFC 9207, 2.4): with two
    providers, one could otherwise have us hand it the other's code.
    """
    return given == metadata.issuer if given is not None else not metadata.says_issuer


def same(given: str | None, kept: str) -> bool:
    """Whether what came back is what was sent, told in the same time whatever it is."""
    return given is not None and hmac.compare_digest(given.encode(), kept.encode())


def claimed(claims: Mapping[str, Any], proved: Collection[str], *, address: str) -> Claimed:
    """Who comes. `address` is the mail address as people of ours have it. Raises `Unfit`.

    The organisation has proved the domains in `proved`; of other people its provider says nothing
    that counts, however sure it is.
    """
    if claims.get("email_verified") is not True:
        raise Unfit(
            "it does not say that your mail address is verified (the claim email_verified); "
            "ask whoever administers it"
        )
    if domain_of(address) not in proved:
        raise Unfit("your mail address there is of a domain that this organisation has not proved")
    return Claimed(subject_of(claims), address, _name(claims, address))


def subject_of(claims: Mapping[str, Any]) -> str:
    """The provider's own name for a person. Raises `Unfit`."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or _SUBJECT.fullmatch(subject) is None:
        raise Unfit("it does not say who you are (the claim sub)")
    return subject


def asked_at(claims: Mapping[str, Any], now: datetime) -> datetime:
    """When the provider last asked somebody who they are (`auth_time`, in seconds since 1970).

    Where it does not tell, that was long ago. It asks nobody in times to come.
    """
    told = claims.get("auth_time")
    if isinstance(told, bool) or not isinstance(told, int | float):
        return LONG_AGO
    if isinstance(told, float) and not isfinite(told):
        return LONG_AGO
    return datetime.fromtimestamp(min(max(told, 0), now.timestamp()), UTC)


def domain_of(address: str) -> str:
    """The domain of a mail address, in lower case."""
    return address.rpartition("@")[2].lower()


def is_domain(text: str) -> bool:
    """Whether `text` is a domain as DNS has it, in lower case, with two labels at least."""
    return _DOMAIN.fullmatch(text) is not None


def host_of(url: str) -> str:
    """The host in an address that was checked, to be shown."""
    return urlsplit(url).hostname or ""


def _endpoint(document: Mapping[str, Any], name: str, *, anywhere: bool) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise Unfit(f"its document has no {name}")
    try:
        _check_url(value, anywhere=anywhere)
    except Unfit as error:
        raise Unfit(f"{name}: {error}") from None
    return value


def _check_url(url: str, *, anywhere: bool) -> None:
    """Browsers and we are sent there: nothing but https with a host. Raises `Unfit`."""
    schemes = ("https", "http") if anywhere else ("https",)
    try:
        parts = urlsplit(url)
        plain = bool(parts.hostname) and "@" not in parts.netloc and not parts.fragment
        plain = plain and (parts.port or 1) > 0
    except ValueError:
        plain = False
    printable = url.isascii() and url.isprintable() and not set(url) & set(' "<>\\^`{|}')
    if not (plain and printable and len(url) <= LONGEST_URL and parts.scheme in schemes):
        raise Unfit("write an address that begins with https://, as in https://login.example.com")


def _name(claims: Mapping[str, Any], address: str) -> str:
    """What somebody is called, as far as it can be shown; else the first part of the address."""
    given = claims.get("name")
    text = "".join(char for char in given if char.isprintable()) if isinstance(given, str) else ""
    return text.strip()[:LONGEST_NAME].strip() or address.partition("@")[0]
