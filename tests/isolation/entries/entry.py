"""Every route of administration with which people sign in, and the pages about themselves.

What is one person's is nobody else's, of the same organisation too: whoever names it is answered
that it is not there, which is why some routes here are expected to answer 404 to everybody.
"""

from tests.isolation.entry import PUBLIC, SIGNED_IN, Entries

NO_LINK = {"token": "x" * 43}
NO_PASSKEY = {"challenge": "x", "credential": {}}


def entry(entries: Entries) -> None:
    """Add the entries."""
    for part in (_sign_in, _by_mail, _by_passkey, _by_provider, _account, _factors):
        part(entries)


def _sign_in(entries: Entries) -> None:
    # A wrong password, and a second factor before the first: nobody is let in.
    entries.get("/sign-in", PUBLIC, present=303)
    entries.post("/sign-in", PUBLIC, expect=422, form=lambda _: {"email": "a@example.com"})
    entries.get("/sign-in/second", PUBLIC, expect=303)
    entries.post("/sign-in/second", PUBLIC, expect=303, form=lambda _: {"code": "000000"})
    entries.get(
        "/authorize",
        PUBLIC,
        expect=303,
        query=lambda _: {"app": "api", "challenge": "c" * 43, "state": "s"},
    )
    entries.get("/confirm", SIGNED_IN)
    entries.post("/confirm", SIGNED_IN, expect=422, form=lambda _: {"password": "wrong"})


def _by_mail(entries: Entries) -> None:
    nobody = {"email": "nobody@example.com"}
    for path in ("/sign-in/link", "/reset"):
        entries.get(path, PUBLIC)
        entries.post(path, PUBLIC, expect=303, form=lambda _: nobody)
    for path in ("/sign-in/link/use", "/reset/new", "/join"):
        entries.get(path, PUBLIC, expect=410, query=lambda _: NO_LINK)
        entries.post(path, PUBLIC, expect=410, form=lambda _: NO_LINK)
    entries.get("/sign-in/sent", PUBLIC)


def _by_passkey(entries: Entries) -> None:
    # Options are for a browser that was here before.
    entries.post("/sign-in/passkey/options", PUBLIC, expect=409, present=200)
    entries.post("/sign-in/passkey", PUBLIC, expect=422, json=lambda _: NO_PASSKEY)
    entries.post("/confirm/passkey/options", SIGNED_IN)
    entries.post("/confirm/passkey", SIGNED_IN, expect=422, json=lambda _: NO_PASSKEY)


def _by_provider(entries: Entries) -> None:
    entries.get("/sign-in/sso", PUBLIC)
    entries.post("/sign-in/sso", PUBLIC, expect=404, form=lambda _: {"email": "a@example.com"})
    entries.get("/sign-in/sso/done", PUBLIC, expect=400)
    entries.get("/sign-in/sso/link", PUBLIC)
    entries.post("/sign-in/sso/link", PUBLIC, expect=400, form=lambda _: NO_LINK)


def _account(entries: Entries) -> None:
    entries.get("/account", SIGNED_IN)
    entries.post(
        "/account/sign-ins/{sign_in}/end",
        SIGNED_IN,
        expect=404,
        where={"sign_in": lambda of: of.sign_in},
    )
    entries.post("/account/sign-ins/end-others", SIGNED_IN, expect=303)
    entries.get("/account/name", SIGNED_IN)
    entries.post("/account/name", SIGNED_IN, expect=303, form=lambda _: {"name": "Another"})
    entries.get("/account/password", SIGNED_IN)
    entries.post("/account/password", SIGNED_IN, expect=422, form=lambda _: {"password": "a"})
    entries.get("/account/mail", SIGNED_IN)
    entries.post(
        "/account/mail", SIGNED_IN, expect=303, form=lambda _: {"email": "new@example.com"}
    )
    entries.get("/account/mail/sent", SIGNED_IN)
    entries.get("/account/mail/prove", SIGNED_IN, expect=410, query=lambda _: NO_LINK)
    entries.post("/account/mail/prove", SIGNED_IN, expect=410, form=lambda _: NO_LINK)
    # Another address than one's own erases nobody.
    entries.get("/account/data", SIGNED_IN)
    entries.get("/account/data/export", SIGNED_IN)
    entries.post(
        "/account/data/erase", SIGNED_IN, expect=422, form=lambda _: {"email": "a@example.com"}
    )


def _factors(entries: Entries) -> None:
    factors = "/account/factors"
    entries.get(factors, SIGNED_IN)
    entries.get(f"{factors}/app", SIGNED_IN)
    # Nothing was begun.
    entries.post(f"{factors}/app", SIGNED_IN, expect=409, form=lambda _: {"code": "000000"})
    entries.post(f"{factors}/app/remove", SIGNED_IN, expect=303)
    # There are codes with an app only.
    entries.post(f"{factors}/recovery-codes", SIGNED_IN, expect=409)
    entries.get(f"{factors}/passkeys/new", SIGNED_IN)
    entries.post(f"{factors}/passkeys/options", SIGNED_IN)
    entries.post(f"{factors}/passkeys", SIGNED_IN, expect=422, json=lambda _: NO_PASSKEY)
    one = f"{factors}/passkeys/{{passkey_id}}"
    entries.get(one, SIGNED_IN, expect=404)
    entries.post(f"{one}/name", SIGNED_IN, expect=404, form=lambda _: {"name": "mine"})
    entries.post(f"{one}/remove", SIGNED_IN, expect=404)
