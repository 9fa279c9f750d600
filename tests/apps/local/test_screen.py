"""What the one screen says."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from apps.local import screen
from apps.local.screen import Facts
from apps.local.settings import LocalSettings

KEY = "fk_abcdefghij_" + "x" * 43
EMAIL = "demo@example.com"
PASSWORD = "7kq2m-x9f3c-p8wzt-h4vdn"
TOKEN = "dt_" + "y" * 43


def facts(port: int = 8000, tcp_port: int = 9000, **settings: Any) -> Facts:
    return Facts(LocalSettings(**settings), port, tcp_port, KEY, TOKEN, EMAIL, PASSWORD)


def shown(what: Facts, width: int = 80) -> list[str]:
    out = io.StringIO()
    screen.show(Console(file=out, width=width, force_terminal=False), what)
    return out.getvalue().splitlines()


def test_commands_are_whole_on_a_narrow_terminal() -> None:
    lines = shown(facts(), width=40)
    assert screen.curl(facts()) in lines
    assert screen.nc(facts()).splitlines()[1] in lines


@pytest.mark.parametrize(("found", "hints"), [("/usr/bin/nc", 0), (None, 1)])
def test_where_nc_is_missing_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, found: str | None, hints: int
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: found)
    assert sum("netcat-openbsd" in line for line in shown(facts())) == hints


def test_with_defaults_the_replay_is_short() -> None:
    assert screen.replay(facts()) == ".venv/bin/fortress replay docs/examples/room.csv"


def test_the_replay_finds_a_process_that_was_moved() -> None:
    moved = facts(8001, 9001, var=Path("/tmp/a b"))
    assert screen.replay(moved).startswith("PORT=8001 TCP_PORT=9001 VAR='/tmp/a b' .venv/bin/")


def test_a_process_that_listens_everywhere_is_reached_here() -> None:
    assert "nc -w 2 127.0.0.1 9000" in screen.nc(facts(host="0.0.0.0"))


def test_markup_in_a_value_is_shown_as_it_is() -> None:
    lines = shown(facts(var=Path("/tmp/[red]")))
    assert any("/tmp/[red]/log" in line for line in lines)


def test_programs_get_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    screen.write(facts())
    said = json.loads(capsys.readouterr().out)
    assert said["apps"]["api"] == "http://api.fortress.localhost:8000"
    assert said["devices"] == {"host": "127.0.0.1", "port": 9000}
    assert said["sign_in"] == {"email": EMAIL, "password": PASSWORD}
    assert (said["key"], said["first_steps"]["token"]) == (KEY, TOKEN)
