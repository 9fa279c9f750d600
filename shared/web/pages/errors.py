"""Failures, as a page for people and as problem details for programs."""

from typing import Any

from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

# Kept from the problem's answer: when to come again, what is allowed, who may ask.
KEPT = ("retry-after", "allow", "www-authenticate")
# What to do, where the title alone does not say.
ADVICE = {
    401: "Sign in, then open this page again.",
    403: "Ask an administrator of your organisation if you should be able to do this.",
    404: "Check the address, or start from the first page.",
    405: "Go back and use the page's own buttons.",
    500: "It is not your fault. Try again; if it stays, tell your administrator the number below.",
    503: "Try again in a moment.",
}
# For people, where the problem's own words speak of keys.
TITLES = {401: "Sign in first", 403: "You may not do that"}
UNSAID = ("unauthenticated", "internal")


def suited(scope: Scope, problem: dict[str, Any], response: Response) -> Response:
    """`response`, which has the `problem` as JSON, or the same as a page for who asks for HTML."""
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    if not prefers_html(accepted.decode("latin-1")):
        return response
    # A failure is rare, and templates take long to import: programs never need them.
    from shared.web.pages.render import app_title, pages  # noqa: PLC0415 - as said above

    text = pages().text("error.html", app=app_title(scope), **_words(problem))
    page = HTMLResponse(text, response.status_code)
    for name in KEPT:
        if name in response.headers:
            page.headers[name] = response.headers[name]
    return page


def prefers_html(accept: str) -> bool:
    """Whether HTML is asked for by name, and nothing that programs ask for is wanted more."""
    wanted = dict(_weight(part) for part in accept.split(","))
    html = max(wanted.get("text/html", 0.0), wanted.get("application/xhtml+xml", 0.0))
    program = max(wanted.get("application/json", 0.0), wanted.get("application/problem+json", 0.0))
    return html > 0 and html >= program


def _words(problem: dict[str, Any]) -> dict[str, Any]:
    status, code = problem["status"], problem["code"]
    generic = code in {"unauthenticated", "forbidden"}
    return {
        "title": TITLES[status] if generic and status in TITLES else problem["title"],
        "detail": "" if code in UNSAID else problem["detail"],
        "advice": ADVICE.get(status, ""),
        "status": status,
        "request_id": problem["request_id"],
    }


def _weight(part: str) -> tuple[str, float]:
    kind, *parameters = (item.strip().lower() for item in part.split(";"))
    given = next((item[2:] for item in parameters if item.startswith("q=")), "1")
    try:
        return kind, min(max(float(given), 0.0), 1.0)
    except ValueError:
        return kind, 0.0
