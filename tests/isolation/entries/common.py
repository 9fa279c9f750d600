"""What every app has."""

from shared.web.pages import static
from tests.isolation.entry import PUBLIC, SIGNED_IN, Entries


def common(entries: Entries) -> None:
    """Add the entries of the routes that `create_web_app` gives every app."""
    entries.get("/v1/openapi.json", PUBLIC)
    entries.get("/healthz", PUBLIC)
    entries.get("/readyz", PUBLIC)
    entries.get("/static/{name}", PUBLIC, where={"name": _stylesheet})
    entries.get("/", SIGNED_IN)
    # One may choose what one belongs to: who was removed does not any more.
    entries.post(
        "/organisation",
        SIGNED_IN,
        expect=303,
        form=lambda of: {"organisation": of.organisation},
        removed=404,
    )
    entries.post("/sign-out", PUBLIC, expect=303)
    entries.get("/signed-out", PUBLIC, present=303)
    entries.get("/session", SIGNED_IN, expect=204)


def sign_in(entries: Entries) -> None:
    """Add the entries of an app to which a sign-in comes from administration."""
    entries.get("/sign-in", PUBLIC, expect=303)
    code = {"code": "none", "state": "none"}
    entries.get("/sign-in/done", PUBLIC, expect=400, present=303, query=lambda _: code)


def _stylesheet(_: object) -> str:
    return static.address("fortress.css").removeprefix(static.PREFIX)
