"""Ctrl-C under make, on a real terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import ROOT

PRESS = Path(__file__).with_name("press_ctrl_c.py")
MAKEFILE = """
run:
\t@{python} program.py
"""
PROGRAM = """
import signal, sys
from apps.local import terminal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
with terminal.alone():
    print("ready", flush=True)
    signal.sigwait([signal.SIGINT])
    print("drained", flush=True)
"""


def press(command: list[str], folder: Path) -> tuple[str, int]:
    """Run `command` on a terminal, press Ctrl-C; what it said and its exit code."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKELEVEL", "MAKEFLAGS")}
    done = subprocess.run(
        [sys.executable, PRESS, *command],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.stdout, done.returncode


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Makefile").write_text(MAKEFILE.format(python=sys.executable))
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path


def test_make_ends_well_where_the_program_does(folder: Path) -> None:
    said, code = press(["make", "run"], folder)
    assert "drained" in said
    assert "***" not in said
    assert code == 0


def test_without_make_nothing_is_different(folder: Path) -> None:
    said, code = press([sys.executable, "program.py"], folder)
    assert "drained" in said
    assert code == 0
