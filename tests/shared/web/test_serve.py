"""One app in a process of its own: its start, its bounds, its end."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support import servers


@contextmanager
def running(tmp_path: Path, **settings: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """The tiny app on a free port, ready."""
    port = servers.free_port()
    given = {"PORT": str(port), "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/t.db", **settings}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.tiny_app"],
        env=os.environ | {f"FORTRESS_{name}": value for name, value in given.items()},
        cwd=servers.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        servers.wait_until(
            lambda: process.poll() is not None or servers.answers(port), "the tiny app"
        )
        yield process, port
    finally:
        process.kill()
        process.communicate()


def test_it_serves_and_ends_with_zero(tmp_path: Path) -> None:
    with running(tmp_path) as (process, port):
        answer = httpx.get(f"http://127.0.0.1:{port}/v1/hello")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert answer.json() == {"hello": "there"}
    assert "server" not in answer.headers
    assert process.returncode == 0, err
    assert b'"message":"GET /v1/hello 200"' in out
    assert err == b""


def test_an_open_stream_ends_in_order_when_it_drains(tmp_path: Path) -> None:
    with (
        running(tmp_path) as (process, port),
        httpx.stream("GET", f"http://127.0.0.1:{port}/v1/stream", timeout=30) as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines) == "begun"
        process.send_signal(signal.SIGINT)
        assert list(lines) == ["ended"]
        process.communicate(timeout=30)
        assert process.returncode == 0


def test_it_answers_on_until_a_balancer_has_noticed_that_it_goes_away(tmp_path: Path) -> None:
    internal = servers.free_port()
    with running(tmp_path, LEAVE_S="60", INTERNAL_PORT=str(internal)) as (process, port):
        assert httpx.get(f"http://127.0.0.1:{port}/v1/hello").status_code == 200
        process.send_signal(signal.SIGTERM)
        ready = f"http://127.0.0.1:{internal}/readyz"
        servers.wait_until(lambda: httpx.get(ready).status_code == 503, "going away")
        assert httpx.get(f"http://127.0.0.1:{port}/v1/hello").status_code == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 0


def test_it_ends_by_itself_when_that_time_is_over(tmp_path: Path) -> None:
    with running(tmp_path, LEAVE_S="0.2") as (process, port):
        assert httpx.get(f"http://127.0.0.1:{port}/v1/hello").status_code == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 0


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with running(tmp_path, PORT=str(port)) as (process, _):
            _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.decode() == (
        f"port {port} is in use: stop what uses it or set FORTRESS_PORT to another\n"
    )


@pytest.mark.parametrize(
    ("name", "value"), [("HOST", "203.0.113.1"), ("ENVIRONMENT", "production"), ("PORT", "x")]
)
def test_a_wrong_setting_is_one_sentence_that_names_it(
    tmp_path: Path, name: str, value: str
) -> None:
    with running(tmp_path, **{name: value}) as (process, _):
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    lines = err.decode().splitlines()
    assert len(lines) == 1
    assert "FORTRESS_" in lines[0]


def test_what_only_shows_when_the_app_is_made_is_one_sentence_too(tmp_path: Path) -> None:
    url = "mysql+aiomysql://u@127.0.0.1:1/d"
    with running(tmp_path, DATABASE_URL=url, DATABASE_CA="/absent.pem") as (process, _):
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.decode() == "FORTRESS_DATABASE_CA: /absent.pem: No such file or directory\n"


def test_the_internal_port_has_the_metrics(tmp_path: Path) -> None:
    internal = servers.free_port()
    with running(tmp_path, INTERNAL_PORT=str(internal)) as (_, port):
        httpx.get(f"http://127.0.0.1:{port}/v1/hello")
        metrics = httpx.get(f"http://127.0.0.1:{internal}/metrics")
        assert httpx.get(f"http://127.0.0.1:{internal}/readyz").status_code == 200
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 404
    count = 'fortress_http_requests_total{app="tiny",method="GET",route="/v1/hello",status="200"} 1'
    assert count in metrics.text


def test_an_internal_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with running(tmp_path, INTERNAL_PORT=port) as (process, _):
            _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.decode().startswith("FORTRESS_INTERNAL_PORT: ")
    assert err.count(b"\n") == 1


def test_a_head_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    with running(tmp_path) as (_, port), socket.create_connection(("127.0.0.1", port)) as peer:
        peer.settimeout(30)
        with pytest.raises(ConnectionError):
            send_until_refused(peer)


def send_until_refused(peer: socket.socket) -> None:
    peer.sendall(b"GET /v1/hello HTTP/1.1\r\n")
    for number in range(10_000):
        peer.sendall(b"X-%d: %s\r\n" % (number, b"x" * 1000))
    pytest.fail("a head of 10 MB was taken")


def test_a_second_signal_ends_it_now(tmp_path: Path) -> None:
    with (
        running(tmp_path) as (process, port),
        httpx.stream("GET", f"http://127.0.0.1:{port}/v1/endless", timeout=30) as answer,
    ):
        assert next(answer.iter_lines()) == "begun"
        process.send_signal(signal.SIGTERM)
        servers.wait_until(lambda: not servers.answers(port), "it takes nothing new")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 0
