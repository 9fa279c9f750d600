import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadRequest
from shared.web.cursors import Cursors

cursors = Cursors("a secret of the tests")
QUERY = {"org": 1, "filter": "online", "limit": 50}
values = st.one_of(st.integers(), st.text(st.characters(codec="utf-8")), st.none(), st.booleans())


@given(st.lists(values, min_size=1))
def test_a_cursor_comes_back(position: list[object]) -> None:
    assert cursors.decode(QUERY, cursors.encode(QUERY, position)) == position


@pytest.mark.parametrize("other", [{**QUERY, "org": 2}, {**QUERY, "filter": ""}, {}, None])
def test_a_cursor_of_another_query_is_refused(other: object) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        cursors.decode(other, cursors.encode(QUERY, [1]))


def test_a_cursor_of_another_service_is_refused() -> None:
    with pytest.raises(BadRequest):
        Cursors("another secret").decode(QUERY, cursors.encode(QUERY, [1]))


@given(st.integers(min_value=0, max_value=200), st.integers(min_value=1, max_value=255))
def test_a_cursor_that_was_changed_is_refused(place: int, change: int) -> None:
    made = cursors.encode(QUERY, ["dev_1", 4711])
    data = bytearray(base64.urlsafe_b64decode(made + "=" * (-len(made) % 4)))
    data[place % len(data)] ^= change
    with pytest.raises(BadRequest):
        cursors.decode(QUERY, base64.urlsafe_b64encode(data).decode())


@given(st.text())
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        cursors.decode(QUERY, text)
