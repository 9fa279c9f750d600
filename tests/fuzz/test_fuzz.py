"""The short form of `make fuzz`, and that it finds what is broken."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.ingest.protocol import line
from shared.readings import parse
from tests.fuzz.__main__ import main
from tests.fuzz.fuzzer import Fuzzer, fails
from tests.fuzz.mutate import MUTATIONS, mutate
from tests.fuzz.oracle import HEAD, judge
from tests.fuzz.seeds import seeds

SECONDS = "3"


@pytest.fixture
def fuzzer(tmp_path: Path) -> Fuzzer:
    said: list[str] = []
    return Fuzzer(tmp_path, rng=random.Random(1), say=said.append)


def test_a_moment_of_fuzzing_breaks_nothing(tmp_path: Path) -> None:
    assert main(["--seconds", SECONDS, "--seed", "1", "--folder", f"{tmp_path}"]) == 0


def test_what_breaks_is_filed_made_small_and_replayed(
    fuzzer: Fuzzer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(line, "parse", breaking_at(b'"started"'))
        crashes = fuzzer.run(0).crashes
        assert len(crashes) == 1
        (file,) = crashes.values()
        assert b'"started"' in file.read_bytes()[HEAD:]
        assert len(file.read_bytes()) < 40
        assert "it broke" in file.with_suffix(".txt").read_text()
        with pytest.raises(KeyError):
            main([f"{file}"])
        assert main(["--seconds", "0", "--folder", f"{tmp_path}"]) == 1
    assert main([f"{file}"]) == 0


def breaking_at(what: bytes) -> Callable[..., object]:
    def parsed(data: bytes, *given: object) -> object:
        if what in data:
            raise KeyError("it broke")
        return parse.parse(data, *given)  # type: ignore[arg-type]  # what was given

    return parsed


def test_a_difference_between_the_fast_and_the_careful_way_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = b'\x00\x00\x01{"s":1,"v":{"temp":1,"temp":"\\u0022\\u0022"}}\n'
    judge(b'\x00\x00\x01{"s":1,"v":{"temp":1}}\n')
    judge(data)
    monkeypatch.setattr(parse, "BACKSLASH", b"\n")
    assert fails(data) is not None


def test_inputs_that_reach_something_new_are_kept_for_the_next_run(
    fuzzer: Fuzzer, tmp_path: Path
) -> None:
    first = fuzzer.run(0, least=400)
    kept = list((tmp_path / "corpus").iterdir())
    assert kept
    assert first.corpus > len(kept)
    said: list[str] = []
    again = Fuzzer(tmp_path, rng=random.Random(2), say=said.append).run(0)
    assert again.corpus > len(kept) // 2


@pytest.mark.parametrize("change", sorted(set(MUTATIONS), key=repr))
def test_every_change_takes_every_input(
    change: Callable[[bytes, random.Random, bytes], bytes],
) -> None:
    rng = random.Random(3)
    for data in (b"", b"\n", *seeds()):
        assert isinstance(change(data, rng, seeds()[0]), bytes)
        assert len(mutate(data, rng, seeds()[1])) >= HEAD
