"""What is sealed is read again with the same secret, for the same purpose, under the same label."""

import pytest

from shared.sealed import Seal, Unreadable

SEAL = Seal("s" * 40, "mail")
SEALED = SEAL.close({"text": "token=abc"}, label="reset 1")


def test_it_is_not_readable_and_comes_back() -> None:
    assert "abc" not in SEALED
    assert SEAL.open(SEALED, label="reset 1") == {"text": "token=abc"}


@pytest.mark.parametrize(
    ("other", "label"),
    [
        (Seal("t" * 40, "mail"), "reset 1"),
        (Seal("s" * 40, "codes"), "reset 1"),
        (SEAL, "reset 2"),
    ],
)
def test_nothing_else_opens_it(other: Seal, label: str) -> None:
    with pytest.raises(Unreadable, match="another FORTRESS_SECRET"):
        other.open(SEALED, label=label)


@pytest.mark.parametrize(
    "text",
    ["", "a", "====", "\u20ac", SEALED[:20], SEALED[:-4], "AAAA" + SEALED[4:]],
    # By number: what is sealed is another text in every process.
    ids=range(7),
)
def test_what_was_changed_or_cut_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        SEAL.open(text, label="reset 1")
