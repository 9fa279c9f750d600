"""Starts that cannot go well: one sentence, and nothing half started."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.compose.stack import SECRETS, Stack
from tests.support.until import until

UNKNOWN = "9999"


@contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def assert_one_sentence(said: str, *words: str) -> None:
    assert len(said.strip().splitlines()) == 1, said
    for word in words:
        assert word in said


@pytest.mark.parametrize("missing", SECRETS)
def test_a_missing_secret_is_named_and_nothing_starts(place: Path, tag: str, missing: str) -> None:
    others = tuple(name for name in SECRETS if name != missing)
    stack = Stack(place, "secret", secret_names=others, tag=tag)
    done = stack.start()
    assert done.returncode != 0
    assert_one_sentence(done.stderr, f"FORTRESS_{missing}", "make secrets")
    assert stack.services() == set()


@pytest.mark.parametrize("kind", ["http", "tcp"])
def test_a_port_in_use_is_named_and_nothing_starts(place: Path, tag: str, kind: str) -> None:
    with listening() as port:
        if kind == "http":
            stack, name = (
                Stack(place, "port", http_port=port, tag=tag),
                "FORTRESS_COMPOSE_HTTP_PORT",
            )
        else:
            stack, name = Stack(place, "port", tcp_port=port, tag=tag), "FORTRESS_COMPOSE_TCP_PORT"
        try:
            done = stack.start()
            assert done.returncode != 0
            assert_one_sentence(done.stderr, str(port), "in use", name)
            assert stack.services() == set()
        finally:
            stack.remove()


@pytest.mark.timeout(300)
async def test_a_database_of_a_newer_version_is_refused_and_no_app_starts(
    place: Path, tag: str
) -> None:
    stack = Stack(place, "newer", tag=tag)
    try:
        stack.compose("up", "-d", "migrations", seconds=200)
        ended = {"exited"}
        await until(
            lambda: stack.inspect("migrations")["State"]["Status"] in ended, "the migrations", 60
        )
        stack.sql(f"UPDATE alembic_version SET version_num = '{UNKNOWN}'")
        stack.compose("down")
        done = stack.start()
        assert done.returncode != 0
        assert_one_sentence(done.stderr, UNKNOWN, "newer Fortress")
        assert stack.services() == set()
    finally:
        stack.remove()
