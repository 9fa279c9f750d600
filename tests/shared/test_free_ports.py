import socket
from pathlib import Path

import pytest

from shared.free_ports import main
from tests.support.servers import free_port


@pytest.fixture
def held(tmp_path: Path) -> Path:
    return tmp_path / "held"


def test_free_ports_are_taken_in_silence(held: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ours", str(held), "surely-not-a-host.invalid"]) == 0
    assert main(["check", str(held), f"nginx=HTTP_PORT:{free_port()}"]) == 0
    assert capsys.readouterr().err == ""


def test_a_port_in_use_is_one_sentence_with_the_variable(
    held: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held.write_text("")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["check", str(held), f"nginx=HTTP_PORT:{port}"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"port {port} " in said
    assert "HTTP_PORT" in said


def test_what_runs_already_may_use_its_port(held: Path) -> None:
    assert main(["ours", str(held), "localhost"]) == 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["check", str(held), f"localhost=HTTP_PORT:{port}"]) == 0
