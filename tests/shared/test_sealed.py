"""What is sealed is read again with the same secret, or the one after it, for the same purpose,
under the same label.
"""

import re

import pytest

from shared.sealed import Seal, Unreadable
from shared.settings import SealingSettings
from tests.support.sealing import old_form

SECRET, NEXT = "s" * 40, "n" * 40
SEAL = Seal(SECRET, "mail")
AFTER = Seal(NEXT, "mail", before=SECRET)
VALUES = {"text": "token=abc"}
SEALED = SEAL.close(VALUES, label="reset 1")
OLD = old_form(SECRET, "mail", VALUES, label="reset 1")


def test_it_is_not_readable_and_comes_back() -> None:
    assert "abc" not in SEALED
    assert SEAL.open(SEALED, label="reset 1") == VALUES


def test_it_says_which_key_it_has() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}\.[0-9A-Za-z+/]+=*", SEALED)
    ids = {seal.mark for seal in (SEAL, AFTER, Seal(SECRET, "codes"), Seal(NEXT, "codes"))}
    assert (len(ids), Seal(SECRET, "mail").mark) == (4, SEAL.mark)


@pytest.mark.parametrize("sealed", [SEALED, OLD], ids=["with a key id", "without"])
@pytest.mark.parametrize("seal", [SEAL, AFTER], ids=["the same secret", "the one after"])
def test_both_forms_open_with_the_secret_and_the_one_after(seal: Seal, sealed: str) -> None:
    assert seal.open(sealed, label="reset 1") == VALUES


def test_only_the_present_secret_closes() -> None:
    made = AFTER.close(VALUES, label="reset 1")
    assert Seal(NEXT, "mail").open(made, label="reset 1") == VALUES
    with pytest.raises(Unreadable):
        SEAL.open(made, label="reset 1")


def test_it_says_whether_a_value_is_of_the_present_key() -> None:
    made = AFTER.close(VALUES, label="reset 1")
    found = [AFTER.is_current(text) for text in (made, SEALED, OLD, "")]
    assert found == [True, False, False, False]


def test_a_secret_that_was_taken_back_opens_what_was_sealed_meanwhile() -> None:
    back = Seal(SECRET, "mail", before=NEXT)
    assert back.open(AFTER.close(VALUES, label="a"), label="a") == VALUES
    assert back.open(SEALED, label="reset 1") == VALUES


def test_secrets_come_from_the_settings() -> None:
    seal = Seal.of(SealingSettings(secret=NEXT, secret_before=SECRET), "mail")
    assert (seal.mark, seal.open(SEALED, label="reset 1")) == (AFTER.mark, VALUES)
    with pytest.raises(Unreadable):
        Seal.of(SealingSettings(secret=NEXT), "mail").open(SEALED, label="reset 1")


@pytest.mark.parametrize("sealed", [SEALED, OLD], ids=["with a key id", "without"])
@pytest.mark.parametrize(
    ("other", "label"),
    [
        (Seal("t" * 40, "mail"), "reset 1"),
        (Seal("t" * 40, "mail", before="u" * 40), "reset 1"),
        (Seal(SECRET, "codes"), "reset 1"),
        (Seal(NEXT, "codes", before=SECRET), "reset 1"),
        (SEAL, "reset 2"),
        (AFTER, "reset 2"),
    ],
)
def test_nothing_else_opens_it(other: Seal, label: str, sealed: str) -> None:
    with pytest.raises(Unreadable, match="another FORTRESS_SECRET"):
        other.open(sealed, label=label)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a",
        "====",
        "\u20ac",
        SEALED[:20],
        SEALED[:-4],
        SEALED[:9] + "AAAA" + SEALED[13:],
        # Another key, in another spelling, none, one too many, or that of the other form.
        "00000000." + SEALED[9:],
        AFTER.mark + SEALED[9:],
        SEALED[:8].upper() + SEALED[8:],
        SEALED[8:],
        SEALED[9:],
        SEAL.mark + SEALED,
        SEAL.mark + OLD,
        OLD[:-4],
        "AAAA" + OLD[4:],
    ],
    # By number: what is sealed is another text in every process.
    ids=range(17),
)
@pytest.mark.parametrize("seal", [SEAL, AFTER], ids=["the same secret", "the one after"])
def test_what_was_changed_or_cut_is_refused(seal: Seal, text: str) -> None:
    with pytest.raises(Unreadable):
        seal.open(text, label="reset 1")
