"""Taking ports and the folder before anything starts."""

import socket
from pathlib import Path

import pytest

from apps.local import ports
from shared.errors import Conflict


def test_a_free_port_is_listened_on() -> None:
    with ports.listen("127.0.0.1", 0, "PORT") as listener:
        address = listener.getsockname()
        with socket.create_connection(address, timeout=5) as connected:
            assert connected.getpeername() == address


def test_a_port_in_use_is_named_with_what_to_set() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Conflict, match=rf"port {port} is in use.*make run TCP_PORT=\d+"):
            ports.listen("127.0.0.1", port, "TCP_PORT")


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(Conflict, match=r"cannot listen at 192\.0\.2\.1:0"):
        ports.listen("192.0.2.1", 0, "PORT")


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with ports.lock(tmp_path / "var"), pytest.raises(Conflict, match=r"already \(process \d+\)"):
        ports.lock(tmp_path / "var")


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    file = tmp_path / "var"
    file.touch()
    with pytest.raises(Conflict, match=r"var/ cannot be used .*make run VAR="):
        ports.lock(file)


def test_a_folder_that_was_let_go_can_be_held_again(tmp_path: Path) -> None:
    ports.lock(tmp_path).close()
    with ports.lock(tmp_path) as held:
        assert not held.closed


def test_the_port_of_trackers_gives_way_where_it_is_taken() -> None:
    with ports.listen("127.0.0.1", 0, "PORT") as other:
        taken = other.getsockname()[1]
        found = ports.listen_near("127.0.0.1", None, taken, "TELTONIKA_PORT")
        assert found is not None
        with found:
            assert found.getsockname()[1] not in (0, taken)


def test_the_port_of_trackers_that_was_asked_for_does_not_give_way() -> None:
    with ports.listen("127.0.0.1", 0, "PORT") as other:
        taken = other.getsockname()[1]
        with pytest.raises(Conflict, match="TELTONIKA_PORT"):
            ports.listen_near("127.0.0.1", taken, 9001, "TELTONIKA_PORT")


def test_trackers_can_be_left_out() -> None:
    assert ports.listen_near("127.0.0.1", 0, 9001, "TELTONIKA_PORT") is None
