"""Passwords: what is taken, how it is kept, and what it costs."""

import asyncio
import time
import unicodedata
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.auth.common import WORDS, is_common
from shared.auth.passwords import LONGEST, SHORTEST, Passwords, Unacceptable, check
from shared.errors import TooMany

GOOD = "lamp on the third shelf"
# Cheap on purpose: what is tested here is not how long a guess takes.
CHEAP = {"memory_kib": 64, "passes": 1}


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    made = Passwords(**CHEAP)
    yield made
    made.close()


@pytest.mark.parametrize(
    "password",
    [
        "password1234567",
        "P@ssw0rd!P@ssw0rd!",
        "PASSWORDPASSWORD",
        "iloveyouforever1",
        "summer-winter-2024",
        "correct horse battery staple",
        "qwertyuiopasdfgh",
        "1q2w3e4r5t6y7u8i",
        "abcdefghijklmnop",
        "9876543210987654",
        "aaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcab",
        "19700101",
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff11\uff12\uff13",  # full-width letters
        "Some.Body.2024",
        "some.body@example.com",
        "fortressfortress",
        "Password123!Password",
        "Welcome2026Welcome",
        "superman123batman",
        "football123football",
        "P@ssw0rd-1-Dr@gon-2-M0nkey!",
        "summer123456789winter",
        "some1970body2024",
    ],
)
def test_what_guessing_begins_with_is_common(password: str) -> None:
    assert is_common(password, ["Some Body", "some.body@example.com", "fortress"])


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "zoo kettle plinth",
        "passwords are hard to remember",
        "x7#Kp!vQ2m&Zt9wL",
        "péché mignon d'été",
        "Password123zKettlePassword",
        "superman58319batman",
    ],
)
def test_what_nobody_expects_is_not_common(password: str) -> None:
    assert not is_common(password, ["Some Body", "some.body@example.com", "fortress"])


@given(st.sampled_from(sorted(WORDS)), st.integers(0, 9999), st.booleans())
def test_a_common_word_stays_common_with_a_number_behind(
    word: str, number: int, upper: bool
) -> None:
    assert is_common(f"{word.upper() if upper else word}{number}")


@given(st.lists(st.sampled_from(sorted(WORDS)), min_size=2, max_size=2), st.sampled_from(" -_."))
def test_two_common_words_are_common_however_they_are_parted(words: list[str], by: str) -> None:
    assert is_common(by.join(words))


@given(st.lists(st.sampled_from(sorted(WORDS)), min_size=2, max_size=5), st.integers(0, 9999))
def test_common_words_are_common_whatever_number_is_between(words: list[str], number: int) -> None:
    assert is_common(f"{number}!".join(words) if number < 1000 else str(number).join(words))


@pytest.mark.parametrize("text", ["1" * 127 + "x", "a1" * 64 + "é", "pass1" * 25 + "x", "0o" * 64])
def test_a_verdict_on_what_is_long_comes_soon(text: str) -> None:
    began = time.process_time()
    is_common(text * 2, ["a" * 200])
    assert time.process_time() - began < 0.5


@given(st.text(min_size=1, max_size=4), st.integers(4, 20))
def test_what_comes_again_and_again_is_common(piece: str, times: int) -> None:
    assert is_common(piece * times)


@given(st.text(max_size=300))
def test_any_text_has_a_verdict(text: str) -> None:
    assert is_common(text) in {True, False}


@given(
    st.text(st.characters(codec="utf-8"), min_size=15, max_size=LONGEST).filter(
        lambda text: (
            15 <= len(unicodedata.normalize("NFKC", text)) <= LONGEST and not is_common(text)
        )
    )
)
def test_any_characters_are_taken_no_kinds_are_asked_for(text: str) -> None:
    check(text)


def test_fifteen_characters_are_asked_for() -> None:
    check("lamp shelf moss"[:SHORTEST])
    with pytest.raises(Unacceptable, match="15 characters or more"):
        check("lamp shelf mos")


def test_a_long_one_is_taken_and_a_longer_one_refused() -> None:
    text = " ".join(f"lamp{n}" for n in range(100))
    check(text[:LONGEST])
    with pytest.raises(Unacceptable, match="256 characters at most"):
        check(text[: LONGEST + 1])


def test_a_common_one_is_refused_whatever_its_length() -> None:
    with pytest.raises(Unacceptable, match="easy to guess"):
        check("password" * 4)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(Unacceptable, match="character that is none"):
        check(f"{GOOD}\ud800")


async def test_a_password_fits_its_own_hash_only(passwords: Passwords) -> None:
    stored = await passwords.hash(GOOD)
    assert (await passwords.verify(stored, GOOD)).right
    assert not (await passwords.verify(stored, f"{GOOD} ")).right
    assert not (await passwords.verify(stored, GOOD.upper())).right


async def test_it_is_argon2id_with_a_salt_of_its_own(passwords: Passwords) -> None:
    one, other = await passwords.hash(GOOD), await passwords.hash(GOOD)
    assert one.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert one != other


async def test_what_is_kept_fits_its_column() -> None:
    real = Passwords()
    stored = await real.hash(GOOD)
    assert "m=19456,t=2,p=1" in stored
    assert len(stored) <= 255
    real.close()


async def test_the_same_text_in_other_code_points_fits(passwords: Passwords) -> None:
    stored = await passwords.hash("caf\u00e9 at the long shelf")
    assert (await passwords.verify(stored, "cafe\u0301 at the long shelf")).right


async def test_a_changed_parameter_gives_a_new_hash_to_store(passwords: Passwords) -> None:
    now = Passwords(memory_kib=128, passes=2)
    verdict = await now.verify(await passwords.hash(GOOD), GOOD)
    assert verdict.rehash is not None
    assert "m=128,t=2" in verdict.rehash
    assert await now.verify(verdict.rehash, GOOD) == type(verdict)(right=True)
    now.close()


@pytest.mark.parametrize("given", [GOOD, "", "x" * 10_000, "\ud800"])
@pytest.mark.parametrize("stored", [None, "", "$argon2id$nonsense"])
async def test_an_unknown_account_is_wrong_whatever_is_said(
    passwords: Passwords, stored: str | None, given: str
) -> None:
    assert not (await passwords.verify(stored, given)).right


@pytest.mark.parametrize("given", ["", "x" * 10_000, "\ud800"])
async def test_what_can_be_no_password_is_wrong(passwords: Passwords, given: str) -> None:
    assert not (await passwords.verify(await passwords.hash(GOOD), given)).right


async def test_an_unknown_account_is_hashed_for_too(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: the same work is done, with the same parameters."""
    verified: list[str] = []
    really = passwords._hasher.verify

    def count(stored: str, password: bytes) -> bool:
        verified.append(stored.rpartition("p=1")[0])
        return bool(really(stored, password))

    stored = await passwords.hash(GOOD)
    monkeypatch.setattr(type(passwords._hasher), "verify", lambda _, *rest: count(*rest))
    for against in (None, stored):
        for text in ("wrong", "\ud800", "x" * 10_000):
            await passwords.verify(against, text)
    assert len(verified) == 6
    assert len(set(verified)) == 1


async def test_hashing_leaves_the_loop_free_and_more_than_wait_are_sent_away() -> None:
    few = Passwords(**CHEAP, at_once=1, waiting=2)
    answers = await asyncio.gather(*(few.hash(GOOD) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in answers] == [str, str, str, TooMany, TooMany]
    assert (await few.verify(await few.hash(GOOD), GOOD)).right
    few.close()
