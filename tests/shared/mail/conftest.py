"""A letter, and a mail server in a process of its own."""

from collections.abc import Callable

import pytest

from shared.clock import ManualClock
from shared.mail.base import Letter


@pytest.fixture
def make_letter() -> Callable[..., Letter]:
    def make(**changes: object) -> Letter:
        values: dict[str, object] = {
            "to": "ann@example.com",
            "subject": "Réset 日本",
            "text": "Hello\n.\nhttps://example.com/reset?token=abc\nend é\n",
            "html": "<p>Hello é</p>",
            "message_id": "<0123456789abcdef0123456789abcdef01234567@example.com>",
            "written": ManualClock().now(),
        }
        return Letter(**{**values, **changes})  # type: ignore[arg-type]  # a test gives them on purpose

    return make
