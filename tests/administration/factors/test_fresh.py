"""Nothing that somebody signs in with is added or removed without a factor shown just before."""

from fastapi.routing import APIRoute

from apps.administration.factors import pages, router

# Signing in and showing a factor itself; a name opens nothing.
WITHOUT = {
    "/sign-in/passkey/options",
    "/sign-in/passkey",
    "/confirm/passkey/options",
    "/confirm/passkey",
    "/account/factors/passkeys/{passkey_id}/name",
}


def test_every_change_but_these_needs_a_fresh_factor() -> None:
    routes = [*router.router.routes, *pages.router.routes]
    unsafe = [one for one in routes if isinstance(one, APIRoute) and "POST" in (one.methods or ())]
    fresh = {
        one.path
        for one in unsafe
        if any(getattr(asked.dependency, "fresh", False) for asked in one.dependencies)
    }
    assert {one.path for one in unsafe} - fresh == WITHOUT
    assert len(fresh) == 6
