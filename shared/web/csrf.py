"""Changes that a page asks for were meant: they come from a page of the same app, with its token.

A browser sends cookies along with what another site, or a sibling subdomain, lets it post. So an
unsafe request with a cookie of ours needs both: the browser's word that it comes from this very
origin, and a token that only a page of this session can have.
"""

import base64
import binascii
import hmac
import secrets
from datetime import timedelta

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import DomainError, TooLarge
from shared.settings import Settings
from shared.web import cookies, forms
from shared.web.returns import addresses

HEADER = b"x-csrf-token"
FIELD = "csrf"
VISIT_LASTS = timedelta(days=1)
FORM_BYTES = 1024 * 1024
SAFE = {"GET", "HEAD", "OPTIONS"}
_NONCE = 16


class Forged(DomainError):
    """A change that was asked for from elsewhere, or by a page of another session."""

    code = "forged"
    status = 403
    title = "This was not sent from a page of this app"


class Csrf:
    """ASGI middleware of the app `name`.

    A request with a Bearer key speaks for itself: its cookies are taken away, and nothing else
    is asked of it. Any other unsafe request is refused with `Forged` when the browser says that
    it comes from elsewhere; one with a cookie of ours also without a token that is bound to it,
    in the header X-CSRF-Token or the field `csrf` (a form with files has to send the header).
    """

    def __init__(self, app: ASGIApp, *, name: str, settings: Settings) -> None:
        self._app = app
        self._name = name
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if _speaks_for_itself(scope):
                _take_cookies(scope)
            elif scope["method"] not in SAFE:
                receive = await self._check(scope, receive)
        await self._app(scope, receive, send)

    async def _check(self, scope: Scope, receive: Receive) -> Receive:
        """What to read the body with from now on. Raises `Forged`, `UnknownHost`."""
        with_cookie = cookies.sends_ours(scope)
        self._check_source(scope, with_cookie=with_cookie)
        if not with_cookie:
            return receive
        sent = _header(scope, HEADER)
        if sent is None and forms.is_form(_header(scope, b"content-type") or ""):
            body, receive = await _read(receive)
            sent = forms.parse(body).get(FIELD)
        bound = binding(scope)
        if sent is None or bound is None or not matches(_secret(self._settings), bound, sent):
            raise Forged("the page is out of date: go back, load it again, and send it once more")
        return receive

    def _check_source(self, scope: Scope, *, with_cookie: bool) -> None:
        site, origin = _header(scope, b"sec-fetch-site"), _header(scope, b"origin")
        if site is None and origin is None and not with_cookie:
            # No browser: they send one or the other with everything unsafe.
            return
        if site is None or site == "same-origin":
            own = addresses(scope, self._settings, self._name).origin(self._name)
            if site is not None or origin == own:
                return
        raise Forged("open the page in this app and send it from there")


def binding(scope: Scope) -> str | None:
    """What a token of this browser is bound to: its session, or its visit while it has none."""
    return cookies.read(scope, cookies.SESSION) or cookies.read(scope, cookies.VISIT)


def make_token(secret: str, bound: str) -> str:
    """A token for one page. No two are alike, so that none can be guessed from compressed pages."""
    nonce = secrets.token_bytes(_NONCE)
    return base64.urlsafe_b64encode(nonce + _tag(secret, bound, nonce)).decode()


def matches(secret: str, bound: str, token: str) -> bool:
    """Whether the token was made for what is `bound`."""
    try:
        raw = base64.b64decode(token.encode("ascii"), b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return False
    return hmac.compare_digest(raw[_NONCE:], _tag(secret, bound, raw[:_NONCE]))


def token_for(scope: Scope, settings: Settings) -> tuple[str, str | None]:
    """A token for a page that answers this request, and the visit to set as a cookie, if any."""
    bound = binding(scope)
    visit = None if bound else secrets.token_urlsafe(32)
    return make_token(_secret(settings), bound or visit or ""), visit


def _tag(secret: str, bound: str, nonce: bytes) -> bytes:
    return hmac.digest(secret.encode(), b"fortress csrf\0" + nonce + bound.encode(), "sha256")


def _secret(settings: Settings) -> str:
    return settings.secret.get_secret_value()


def _speaks_for_itself(scope: Scope) -> bool:
    return (_header(scope, b"authorization") or "")[:7].lower() == "bearer "


def _take_cookies(scope: Scope) -> None:
    # From the scope itself, no copy: whoever counts requests finds the route in it.
    scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"cookie"]


def _header(scope: Scope, name: bytes) -> str | None:
    """The header's value; where there are several, all of them, which equal nothing."""
    found = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return ", ".join(found) if found else None


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """The body, and a way to read it once more."""
    read: list[Message] = []
    body = b""
    while not read or read[-1].get("more_body", False):
        read.append(await receive())
        body += read[-1].get("body", b"")
        if len(body) > FORM_BYTES:
            raise TooLarge(f"a form has at most {FORM_BYTES} bytes")

    async def again() -> Message:
        return read.pop(0) if read else await receive()

    return body, again
