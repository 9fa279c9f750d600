"""Failures, as a page for people and as problem details for programs."""

from typing import Any

from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

# Kept from the problem's answer: when to come again, what is allowed, who may ask.
KEPT = ("retry-after", "allow", "www-authenticate")
# By code: what is said to people instead, where a problem's own words speak of keys.
TITLES = {
    "unauthenticated": "Sign in first",
    "forbidden": "You may not do that",
    "not_found": "There is no such page",
}
UNSAID = ("unauthenticated", "internal")
# By code: what to do, where the problem does not say it.
ADVICE = {
    "unauthenticated": "Sign in, then open this page again.",
    "forbidden": "Ask an administrator of your organisation if you should be able to do this.",
    "not_found": "Check the address, or start from the first page.",
    "method_not_allowed": "Go back and use the page's own buttons.",
    "internal": "Try again. If it stays like this, tell your administrator the number below.",
}


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
    code, title, detail = problem["code"], problem["title"], problem["detail"]
    return {
        "title": TITLES.get(code, title),
        "detail": "" if code in UNSAID or detail == title else detail,
        "advice": ADVICE.get(code, ""),
        "status": problem["status"],
        "request_id": problem["request_id"],
    }


def _weight(part: str) -> tuple[str, float]:
    kind, *parameters = (item.strip().lower() for item in part.split(";"))
    given = next((item[2:] for item in parameters if item.startswith("q=")), "1")
    try:
        return kind, min(max(float(given), 0.0), 1.0)
    except ValueError:
        return kind, 0.0
