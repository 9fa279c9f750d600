"""Clock, ids, errors."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import clock, errors, ids

times = st.integers(min_value=0, max_value=4_102_444_799_999)


@given(times)
def test_milliseconds_come_back_exactly(ms: int) -> None:
    assert clock.to_ms(clock.from_ms(ms)) == ms


@given(times)
def test_rfc_3339_says_the_same_moment(ms: int) -> None:
    text = clock.rfc3339(ms)
    assert clock.to_ms(datetime.fromisoformat(text)) == ms
    assert text.endswith("Z")


def test_a_time_in_a_zone_is_the_moment_it_means() -> None:
    there = datetime(2025, 11, 21, 17, tzinfo=timezone(timedelta(hours=1)))
    assert clock.rfc3339(clock.to_ms(there)) == "2025-11-21T16:00:00.000Z"


def test_what_is_finer_than_a_millisecond_is_cut() -> None:
    assert clock.to_ms(datetime(1970, 1, 1, 0, 0, 0, 1999, tzinfo=UTC)) == 1


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        clock.to_ms(datetime(2025, 1, 1))  # noqa: DTZ001 - that is the point


def test_a_manual_clock_moves_only_when_told() -> None:
    manual = clock.ManualClock(1_000)
    assert (manual.now_ms(), manual.now_ms()) == (1_000, 1_000)
    manual.advance(ms=5, seconds=2)
    assert manual.now_ms() == 3_005
    assert clock.to_ms(manual.now()) == 3_005


def test_the_systems_clock_is_in_utc() -> None:
    system = clock.SystemClock()
    assert system.now().tzinfo is UTC
    assert abs(clock.to_ms(system.now()) - system.now_ms()) < 10_000


def test_an_id_has_its_prefix_and_26_characters() -> None:
    made = ids.new_id("dev")
    prefix, _, rest = made.partition("_")
    assert prefix == "dev"
    assert len(rest) == 26
    assert set(rest) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


@given(times, times)
def test_ids_sort_by_when_they_were_made(one: int, other: int) -> None:
    made = [ids.base32(ids.uuid7_int(ms)) for ms in sorted({one, other})]
    assert made == sorted(made)


@given(times)
def test_a_uuid_has_its_version_variant_and_time(ms: int) -> None:
    made = ids.uuid7_int(ms)
    assert made < 1 << 128
    assert made >> 76 & 0xF == 7
    assert made >> 62 & 0b11 == 0b10
    assert made >> 80 == ms


def test_secrets_have_256_bits_and_are_kept_as_hashes() -> None:
    secret = ids.new_secret()
    assert len(secret) == 43
    assert secret != ids.new_secret()
    assert len(ids.digest(secret)) == 32
    assert secret.encode() not in ids.digest(secret)


def every(kind: type[errors.DomainError]) -> list[type[errors.DomainError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in every(child))]


@pytest.mark.parametrize("kind", every(errors.DomainError))
def test_every_error_has_a_code_a_status_and_a_title(kind: type[errors.DomainError]) -> None:
    assert kind.code.islower()
    assert 400 <= kind.status < 600
    assert kind.title


def test_an_error_without_a_detail_speaks_by_its_title() -> None:
    assert errors.Conflict().detail == errors.Conflict.title
    assert str(errors.Conflict("there is one")) == "there is one"
    assert errors.Conflict("x", existing="dev_1").extra == {"existing": "dev_1"}
