"""What a browser is called in the list of sign-ins."""

import pytest

from apps.administration.entry.rules import browser_name

LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (LINUX, "Firefox on Linux"),
        (PHONE, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("x" * 200, "x" * 59 + "…"),
        ("Chrome/1", "Chrome"),
        (None, "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_told_in_few_words(agent: str | None, name: str) -> None:
    assert browser_name(agent) == name
