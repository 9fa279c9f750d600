import msgspec
import pytest

from apps.dashboarding.live.rules import Known, State, parse_frame, parse_last_id, sse
from apps.dashboarding.live.watch import Watch
from shared.auth.principal import Principal

T0 = 1_763_740_800_000
READER = Principal(1, "org_1", "key_1", frozenset(), key_id=1)


def state(latest: bytes, *, device: str = "dev_a", online: bool = True) -> State:
    return State(device, "a", online, T0, 1, 1, msgspec.Raw(latest))


def news(known: Known, latest: bytes, **other: bool | str) -> bytes | None:
    found = known.news(state(latest, **other))  # type: ignore[arg-type]  # few words for tests
    return None if found is None else bytes(found.latest)


def test_a_device_not_sent_before_is_news_as_a_whole() -> None:
    assert news(Known(), b'{"a":[1,5],"b":[2,5]}') == b'{"a":[1,5],"b":[2,5]}'


def test_what_was_sent_is_no_news() -> None:
    known = Known()
    news(known, b'{"a":[1,5]}')
    assert news(known, b'{"a":[1,5]}') is None


def test_what_a_reading_brought_is_no_news() -> None:
    known = Known()
    news(known, b'{"a":[1,5],"b":[2,5]}')
    known.note([("dev_a", 6, 1, 2, {"a": 3})])
    assert news(known, b'{"a":[3,6],"b":[2,5]}') is None


def test_a_late_reading_does_not_hide_what_is_shown() -> None:
    known = Known()
    news(known, b'{"a":[1,5]}')
    known.note([("dev_a", 4, 1, 2, {"a": 9})])
    assert news(known, b'{"a":[1,5]}') is None


def test_of_two_values_of_one_moment_the_stored_one_is_shown() -> None:
    known = Known()
    news(known, b'{"a":[1,5]}')
    known.note([("dev_a", 5, 1, 2, {"a": 9})])
    assert news(known, b'{"a":[1,5]}') == b'{"a":[1,5]}'
    assert news(known, b'{"a":[1,5]}') is None


def test_coming_and_going_is_news() -> None:
    known = Known()
    news(known, b'{"a":[1,5]}', online=True)
    assert news(known, b'{"a":[1,5]}', online=False) == b"{}"


def test_what_was_forgotten_is_sent_once_more() -> None:
    known = Known(size=3)
    for device in ("dev_a", "dev_b"):
        news(known, b'{"a":[1,5],"b":[1,5]}', device=device)
    assert news(known, b'{"a":[1,5],"b":[1,5]}', device="dev_b") is None
    assert news(known, b'{"a":[1,5],"b":[1,5]}', device="dev_a") is not None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (None, None),
        ("", None),
        ("0", None),
        ("x", None),
        ("-5", None),
        ("²", None),
        ("11", None),
        ("1" * 16, None),
        ("10", 10),
        ("1", 1),
    ],
)
def test_a_last_id_is_a_time_that_has_been(text: str | None, at: int | None) -> None:
    assert parse_last_id(text, now=10) == at


def test_an_event_is_one_block_of_lines() -> None:
    event = sse("readings", b'{"a":\r\n1}', 5)
    assert event == b'event: readings\nid: 5\ndata: {"a":  1}\n\n'


async def test_a_watch_ends_at_its_bound_of_events() -> None:
    watch = Watch(READER, None, most=2, most_bytes=10_000)
    for _ in range(3):
        watch.frame(parse_frame(b"{}"), b"{}", 1)
    assert watch.ended == "slow"
    assert await watch.get(1) is None


async def test_a_watch_ends_at_its_bound_of_bytes() -> None:
    watch = Watch(READER, None, most=100, most_bytes=100)
    watch.frame(parse_frame(b"{}"), b'"' + b"x" * 200 + b'"', 1)
    assert watch.ended == "slow"


async def test_what_was_taken_makes_room() -> None:
    watch = Watch(READER, None, most=1, most_bytes=10_000)
    for at in range(3):
        watch.frame(parse_frame(b"{}"), b"{}", at)
        assert await watch.get(1) is not None
        assert watch.at == at
    assert watch.ended is None
