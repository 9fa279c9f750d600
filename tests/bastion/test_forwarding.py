"""What a person reaches through the bastion, and what not: a real sshd, asked by a real ssh."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pymysql
import pytest
from sqlalchemy.engine import make_url

from tests.support import databases
from tests.support.bastion import (
    Bastion,
    list_keys,
    make_key,
    open_folder,
    public,
    running,
    stand_in,
)
from tests.support.servers import answers, find, free_port, wait_until

ANSWER = "stand-in: hello\n"


@dataclass(frozen=True)
class Place:
    """A bastion with its database, another server beside it, and a listed and an unlisted key."""

    bastion: Bastion
    database: int
    other: int
    listed: Path
    unlisted: Path


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with open_folder() as folder, stand_in() as database, stand_in() as other:
        host = make_key(folder / "host")
        listed, unlisted = make_key(folder / "listed"), make_key(folder / "unlisted")
        authorized = list_keys(folder, listed)
        with running(folder, host, f"127.0.0.1:{database}", authorized) as bastion:
            yield Place(bastion, database, other, listed, unlisted)


def test_a_listed_key_reaches_the_database(place: Place) -> None:
    assert place.bastion.reach(place.listed, f"127.0.0.1:{place.database}") == ANSWER


def test_a_local_port_is_the_database_as_documented(place: Place) -> None:
    port = free_port()
    with place.bastion.forwarding(place.listed, "-L", f"{port}:127.0.0.1:{place.database}"):
        wait_until(lambda: answers(port), "the local port")
        with socket.create_connection(("127.0.0.1", port), 10) as peer:
            peer.sendall(b"hello\n")
            assert peer.makefile().read() == ANSWER


def test_mariadb_answers_through_a_local_port(place: Place) -> None:
    server = make_url(os.environ[databases.SERVER])
    key, host = place.listed, place.bastion.host_key
    port, database = free_port(), f"{server.host}:{server.port}"
    listed = f"restrict,port-forwarding {public(key)}\n"
    with (
        open_folder() as folder,
        running(folder, host, database, listed) as bastion,
        bastion.forwarding(key, "-L", f"{port}:{database}"),
    ):
        wait_until(lambda: answers(port), "the local port")
        connection = pymysql.connect(
            host="127.0.0.1", port=port, user=server.username, password=server.password or ""
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT 6 * 7")
            assert cursor.fetchone() == (42,)


def test_another_port_is_refused_and_logged(place: Place) -> None:
    assert place.bastion.reach(place.listed, f"127.0.0.1:{place.other}") == ""
    refused = f"to connect to host 127.0.0.1 port {place.other}, but the request was denied"
    wait_until(lambda: refused in place.bastion.log, "the line in the log")


def test_another_host_is_refused_even_if_it_is_the_same_by_another_name(place: Place) -> None:
    assert place.bastion.reach(place.listed, f"localhost:{place.database}") == ""


@pytest.mark.parametrize(
    "wanted", [(), ("echo", "hello"), ("-s", "sftp"), ("-tt",), ("-A", "true"), ("-X", "true")]
)
def test_there_is_no_session_of_any_kind(place: Place, wanted: tuple[str, ...]) -> None:
    options = [word for word in wanted if word.startswith("-")]
    command = [word for word in wanted if not word.startswith("-")]
    done = place.bastion.ssh(place.listed, *options, "127.0.0.1", *command)
    assert (done.returncode, done.stdout) == (255, "")
    assert "open failed" in done.stderr


def test_a_command_is_not_run(place: Place) -> None:
    mark = place.bastion.folder / "run" / "mark"
    place.bastion.ssh(place.listed, "127.0.0.1", f"touch {mark}")
    assert not mark.exists()


@pytest.mark.parametrize("listening", ["{port}:127.0.0.1:{database}", "{port}"])
def test_nothing_is_forwarded_from_the_bastion_to_a_person(place: Place, listening: str) -> None:
    port = free_port()
    forward = listening.format(port=port, database=place.database)
    done = place.bastion.ssh(place.listed, "-N", "-R", forward, "127.0.0.1")
    assert done.returncode == 255
    assert "remote port forwarding failed" in done.stderr
    assert not answers(port)


def socks(proxy: int, port: int) -> bytes:
    """What a SOCKS 4 proxy says when it is asked for 127.0.0.1:port: 5A granted, 5B refused."""
    with socket.create_connection(("127.0.0.1", proxy), 10) as peer:
        peer.sendall(b"\x04\x01" + port.to_bytes(2) + socket.inet_aton("127.0.0.1") + b"\x00")
        return peer.recv(8)[1:2]


def test_a_dynamic_forward_reaches_the_database_only(place: Place) -> None:
    proxy = free_port()
    with place.bastion.forwarding(place.listed, "-D", str(proxy)):
        wait_until(lambda: answers(proxy), "the proxy")
        assert socks(proxy, place.database) == b"\x5a"
        assert socks(proxy, place.other) != b"\x5a"


def takes(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as peer:
        return peer.connect_ex(str(path)) == 0


def test_a_socket_in_the_file_system_is_not_forwarded(place: Place) -> None:
    local, remote = place.bastion.folder / "local", place.bastion.folder / "run" / "remote"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(remote))
        server.listen()
        remote.chmod(0o777)
        with place.bastion.forwarding(place.listed, "-L", f"{local}:{remote}"):
            # It is there a moment before it takes connections.
            wait_until(lambda: takes(local), "the local socket")
            with socket.socket(socket.AF_UNIX) as peer:
                peer.settimeout(10)
                peer.connect(str(local))
                assert peer.recv(1) == b""
            server.settimeout(0)
            with pytest.raises(BlockingIOError):
                server.accept()


def test_an_unlisted_key_is_refused(place: Place) -> None:
    done = place.bastion.ssh(place.unlisted, "-N", "127.0.0.1")
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


@pytest.mark.parametrize("way", ["password", "keyboard-interactive", "hostbased"])
def test_no_other_way_in_is_offered(place: Place, way: str) -> None:
    done = place.bastion.ssh(
        place.listed, "-N", "-o", f"PreferredAuthentications={way}", "127.0.0.1"
    )
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


@pytest.mark.parametrize("user", ["root", "bin", "nobody-here"])
def test_a_listed_key_opens_no_other_account(place: Place, user: str) -> None:
    done = place.bastion.ssh(place.listed, "-N", "127.0.0.1", user=user)
    assert "Permission denied (publickey)" in done.stderr


def fingerprint(key: Path) -> str:
    said = subprocess.run(
        [find("ssh-keygen"), "-lf", f"{key}.pub"], capture_output=True, text=True, check=True
    )
    return said.stdout.split()[1]


def test_the_log_says_whose_key_it_was(place: Place) -> None:
    place.bastion.reach(place.listed, f"127.0.0.1:{place.database}")
    known = fingerprint(place.listed)
    assert f"listed: 256 {known} listed (ED25519)" in place.bastion.log
    line = re.compile(f"Accepted publickey for {place.bastion.user} .* {re.escape(known)}")
    wait_until(lambda: line.search(place.bastion.log) is not None, "the line in the log")


def test_the_log_says_which_key_was_refused(place: Place) -> None:
    place.bastion.ssh(place.unlisted, "-N", "127.0.0.1")
    known = re.escape(fingerprint(place.unlisted))
    line = re.compile(f"Failed publickey for {place.bastion.user} .* {known}")
    wait_until(lambda: line.search(place.bastion.log) is not None, "the line in the log")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="not Linux")
def test_the_host_key_is_in_no_log_and_not_in_the_environment_of_sshd(place: Place) -> None:
    secret = place.bastion.host_key.read_text().split("\n")[2]
    assert len(secret) > 40
    assert secret not in place.bastion.log
    assert secret not in Path(f"/proc/{place.bastion.pid}/environ").read_text()


def test_a_rebuilt_bastion_is_the_same_host_with_other_keys(place: Place) -> None:
    with open_folder() as folder:
        newcomer = make_key(folder / "newcomer")
        listed = list_keys(folder, newcomer)
        database = f"127.0.0.1:{place.database}"
        with running(folder, place.bastion.host_key, database, listed) as rebuilt:
            assert rebuilt.reach(newcomer, database) == ANSWER
            # ssh takes the host for the one it knows, and only the key for unlisted.
            assert "Permission denied" in rebuilt.ssh(place.listed, "-N", "127.0.0.1").stderr


def test_another_host_key_is_noticed(place: Place) -> None:
    with open_folder() as folder:
        make_key(folder / "host")
        other = Bastion(folder, folder / "host", port=place.bastion.port)
        done = other.ssh(place.listed, "-N", "127.0.0.1")
    assert "Host key verification failed" in done.stderr


def test_without_listed_keys_it_runs_and_lets_nobody_in() -> None:
    with open_folder() as folder, stand_in() as database:
        key = make_key(folder / "listed")
        host = make_key(folder / "host")
        with running(folder, host, f"127.0.0.1:{database}", "") as bastion:
            assert "no key is listed: nobody can connect" in bastion.log
            assert "Permission denied" in bastion.ssh(key, "-N", "127.0.0.1").stderr


def test_a_short_rsa_key_is_refused_by_sshd_too() -> None:
    with open_folder() as folder, stand_in() as database:
        key = make_key(folder / "listed", "-t", "rsa", "-b", "2048")
        listed = f"restrict,port-forwarding {public(key)}\n"
        host = make_key(folder / "host")
        with running(folder, host, f"127.0.0.1:{database}", listed) as bastion:
            assert bastion.reach(key, f"127.0.0.1:{database}") == ""
