"""Headers on every answer, that tell browsers what this site never does.

An answer that sets one of them by itself keeps its own.
"""

from shared.settings import Environment, Settings
from shared.web.returns import APPS, Addresses

Headers = tuple[tuple[bytes, bytes], ...]

# Two years.
HSTS = "max-age=63072000; includeSubDomains"
# What pages of this site do not use. Passkeys are used by the site itself alone.
UNUSED = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "hid",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "screen-wake-lock",
    "serial",
    "sync-xhr",
    "usb",
    "xr-spatial-tracking",
)
PASSKEYS = ("publickey-credentials-create", "publickey-credentials-get")


def security_headers(settings: Settings) -> Headers:
    """The headers for every answer of every app."""
    found = {
        "content-security-policy": _policy(settings),
        "referrer-policy": "same-origin",
        "permissions-policy": _permissions(),
        "x-content-type-options": "nosniff",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if settings.environment is not Environment.development:
        found["strict-transport-security"] = HSTS
    return tuple((name.encode(), value.encode()) for name, value in found.items())


def _policy(settings: Settings) -> str:
    """Everything from this host alone; no inline script or style; in nobody's frame."""
    return "; ".join(
        [
            "default-src 'none'",
            "object-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            f"form-action 'self' {_sign_in(settings)}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _sign_in(settings: Settings) -> str:
    """Where an answer to a form may send the browser: signing in and out goes over all apps.

    Chromium holds redirects after a form against `form-action` too.
    """
    if settings.environment is Environment.development:
        # The port is the browser's: behind nginx it is not the one that the app listens on.
        return f"http://*.{settings.domain}:* https://*.{settings.domain}:*"
    fixed = Addresses("https", settings.domain)
    return " ".join(fixed.origin(app) for app in APPS)


def _permissions() -> str:
    nobody = [f"{name}=()" for name in UNUSED]
    return ", ".join(nobody + [f"{name}=(self)" for name in PASSKEYS])
