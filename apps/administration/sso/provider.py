"""Talking to a provider of OpenID Connect: its document, its keys, and what it says of somebody.

Its libraries take half a second to import: this module is imported when they are needed.
"""

import base64
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import quote_plus

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from apps.administration.sso.errors import ProviderFailed
from apps.administration.sso.rules import (
    ALGORITHMS,
    BASIC,
    Client,
    Metadata,
    Unfit,
    Way,
    metadata_of,
)
from shared.outbound import AddressRefused, NotReached, Outbound, Reply
from shared.telemetry.clean import clean

SCOPE = "openid email profile"
# A document and keys are kept so long, of so many providers at most.
KEPT_S = 600.0
PROVIDERS = 256
# A key that is not known makes us look again, this often at most: keys are changed at any time.
LOOK_AGAIN_S = 30.0
KEYS = 50
# NIST SP 800-57: 112 bits of strength.
RSA_BITS = 2048
LEEWAY_S = 60
# From the signing of an ID token to its arrival here.
OLDEST_S = 600

V = TypeVar("V")

log = logging.getLogger(__name__)


class Providers:
    """The providers of all organisations. `anywhere` (development): over http and nearby too."""

    def __init__(self, *, anywhere: bool) -> None:
        self._anywhere = anywhere
        self._outbound = Outbound(anywhere=anywhere)
        self._documents: _Kept[Metadata] = _Kept()
        self._keys: _Kept[KeySet] = _Kept()

    async def metadata(self, issuer: str, *, fresh: bool = False) -> Metadata:
        """What the provider says of itself. Raises `ProviderFailed`."""
        return await self._documents.get(
            issuer, lambda: self._ask_metadata(issuer), 0.0 if fresh else KEPT_S
        )

    async def keys(self, metadata: Metadata, *, youngest: float = KEPT_S) -> KeySet:
        """Its keys, as they were at most `youngest` seconds ago. Raises `ProviderFailed`."""
        return await self._keys.get(metadata.keys, lambda: self._ask_keys(metadata), youngest)

    def way_there(
        self, metadata: Metadata, client: Client, way: Way, *, hint: str, oldest: timedelta
    ) -> str:
        """Where the browser is sent to. `hint`: the mail address that was typed.

        Whom it asked who they are longer than `oldest` ago it asks again, and tells when it did
        (OpenID Connect Core, 3.1.2.1). Of 0 some heed `prompt` alone.
        """
        more = {} if oldest else {"prompt": "login"}
        found: str = prepare_grant_uri(
            metadata.authorization,
            client.id,
            "code",
            redirect_uri=client.redirect,
            scope=SCOPE,
            state=way.state,
            nonce=way.nonce,
            code_challenge=create_s256_code_challenge(way.verifier),
            code_challenge_method="S256",
            login_hint=hint,
            max_age=str(int(oldest.total_seconds())),
            **more,
        )
        return found

    async def claims(
        self, metadata: Metadata, client: Client, way: Way, code: str, now: datetime
    ) -> dict[str, Any]:
        """What the provider says about whoever came back with `code`. Raises `ProviderFailed`."""
        answer = await self._exchange(metadata, client, way, code)
        id_token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise ProviderFailed("it gave no ID token")
        keys = await self.keys(metadata)
        check = _Check(metadata.issuer, client.id, way.nonce, access_token, now)
        try:
            claims = check.verify(id_token, keys)
        except InvalidKeyIdError:
            # It may have changed its keys since.
            keys = await self.keys(metadata, youngest=LOOK_AGAIN_S)
            claims = check.verify_finally(id_token, keys)
        if "email" not in claims and metadata.userinfo is not None:
            claims |= await self._userinfo(metadata.userinfo, access_token, claims["sub"])
        return claims

    async def close(self) -> None:
        await self._outbound.close()

    async def _ask_metadata(self, issuer: str) -> Metadata:
        answer = await self._get(get_well_known_url(issuer, external=True))
        try:
            return metadata_of(_document(answer), issuer, anywhere=self._anywhere)
        except Unfit as error:
            raise ProviderFailed(str(error)) from None

    async def _ask_keys(self, metadata: Metadata) -> KeySet:
        keys = _document(await self._get(metadata.keys)).get("keys")
        found = [_key(one) for one in keys[:KEYS]] if isinstance(keys, list) else []
        usable: list[Key] = [one for one in found if one is not None]
        if not usable:
            raise ProviderFailed("it has no key that can be used")
        return KeySet(usable)

    async def _exchange(
        self, metadata: Metadata, client: Client, way: Way, code: str
    ) -> dict[str, Any]:
        """The code made into tokens (RFC 6749, 4.1.3). Raises `ProviderFailed`."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect,
            "code_verifier": way.verifier,
        }
        headers = {}
        if metadata.secret_by == BASIC:
            headers["Authorization"] = _basic(client)
        else:
            form |= {"client_id": client.id, "client_secret": client.secret}
        answer = await self._said(self._outbound.post(metadata.token, form, headers))
        if answer.status != 200:
            # Its words stay in our log: `invalid_client` is for whoever set it up.
            log.warning("%s refused a code: %s", metadata.issuer, _words(answer))
            raise ProviderFailed("it did not take what it gave you: start again")
        return _document(answer)

    async def _userinfo(self, address: str, access_token: str, subject: object) -> dict[str, Any]:
        """The mail address, of providers that keep it out of the ID token.

        OpenID Connect Core, 5.4. Raises `ProviderFailed`, also where it is about somebody else
        (5.3.2).
        """
        if not access_token.isascii() or not access_token.isprintable():
            raise ProviderFailed("its access token cannot be sent")
        answer = await self._get(address, {"Authorization": f"Bearer {access_token}"})
        document = _document(answer)
        if document.get("sub") != subject:
            raise ProviderFailed("it told about somebody else than who came")
        return {
            name: document[name] for name in ("email", "email_verified", "name") if name in document
        }

    async def _get(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        answer = await self._said(self._outbound.get(url, headers))
        if answer.status != 200:
            log.warning("%s answered %s", clean(url, 200), answer.status)
            raise ProviderFailed(f"it answered {answer.status} where it should have told of itself")
        return answer

    async def _said(self, asking: Awaitable[Reply]) -> Reply:
        try:
            return await asking
        except (AddressRefused, NotReached) as error:
            log.warning("a provider was not reached: %s", error.detail)
            raise ProviderFailed(error.detail) from None


@dataclass(frozen=True, slots=True)
class _Check:
    """What an ID token is held against (OpenID Connect Core, 3.1.3.7)."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    now: datetime

    def verify(self, id_token: str, keys: KeySet) -> dict[str, Any]:
        """Its claims. Raises `ProviderFailed`, `InvalidKeyIdError` where `keys` lack its key."""
        try:
            token = jwt.decode(id_token, keys, algorithms=ALGORITHMS)
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self.client_id},
                    "nonce": {"essential": True, "value": self.nonce},
                },
                params={
                    "nonce": self.nonce,
                    "client_id": self.client_id,
                    "access_token": self.access_token,
                },
            )
            moment = int(self.now.timestamp())
            claims.validate(now=moment, leeway=LEEWAY_S)
        except InvalidKeyIdError:
            raise
        # Keys that do not fit and headers that are none of a signature come as these.
        except (JoseError, ValueError, TypeError, KeyError) as error:
            log.warning("an ID token of %s is refused: %s", self.issuer, clean(str(error), 200))
            raise ProviderFailed("what it says about you does not hold: start again") from None
        if claims["iat"] < moment - OLDEST_S:
            raise ProviderFailed("what it says about you is old: start again")
        return dict(claims)

    def verify_finally(self, id_token: str, keys: KeySet) -> dict[str, Any]:
        """The same with keys that are new. Raises `ProviderFailed`."""
        try:
            return self.verify(id_token, keys)
        except InvalidKeyIdError:
            raise ProviderFailed("what it says about you is signed with a key of nobody") from None


class _Kept(Generic[V]):
    """The last values that were asked for, `PROVIDERS` of them."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, tuple[float, V]] = OrderedDict()

    async def get(self, name: str, ask: Callable[[], Awaitable[V]], youngest: float) -> V:
        """The value if it is younger than `youngest` seconds, else what `ask` gives."""
        known = self._values.get(name)
        if known is not None and time.monotonic() - known[0] < youngest:
            self._values.move_to_end(name)
            return known[1]
        value = await ask()
        self._values[name] = (time.monotonic(), value)
        self._values.move_to_end(name)
        while len(self._values) > PROVIDERS:
            self._values.popitem(last=False)
        return value


def _document(answer: Reply) -> dict[str, Any]:
    try:
        return answer.document()
    except NotReached as error:
        raise ProviderFailed(error.detail) from None


def _key(data: object) -> RSAKey | ECKey | None:
    """A public key to check signatures with; none for what cannot be one."""
    if not isinstance(data, dict) or data.get("use", "sig") != "sig":
        return None
    try:
        if data.get("kty") == "EC":
            return ECKey.import_key(data)
        if data.get("kty") == "RSA":
            key = RSAKey.import_key(data)
            return key if key.public_key.key_size >= RSA_BITS else None
    except (JoseError, ValueError, TypeError, KeyError):
        log.warning("a provider has a key that cannot be read")
    return None


def _basic(client: Client) -> str:
    """RFC 6749, 2.3.1: both parts are encoded as in a form, then put together."""
    pair = f"{quote_plus(client.id)}:{quote_plus(client.secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _words(answer: Reply) -> str:
    # What is no refusal may have tokens in it.
    said = answer.body[:300].decode(errors="replace") if answer.status >= 400 else ""
    return clean(f"{answer.status} {said}", 300)
