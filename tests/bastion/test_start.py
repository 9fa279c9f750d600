"""How the bastion starts: what it refuses, in one sentence, and what it tells sshd."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.bastion import CODE, list_keys, make_key, open_folder, public, run_start

DATABASE = "FORTRESS_BASTION_DATABASE"
KEY = "FORTRESS_BASTION_HOST_KEY"
KEY_FILE = "FORTRESS_BASTION_HOST_KEY_FILE"
PROXY = "proxy.example.com:3306"


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        make_key(folder / "host")
        yield folder


@pytest.fixture
def host_key(folder: Path) -> str:
    return (folder / "host").read_text()


def refused(folder: Path, **settings: str) -> str:
    """The one line that `start` says when it does not start."""
    done = run_start(folder, settings)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_it_starts_with_a_database_and_a_host_key(folder: Path, host_key: str) -> None:
    done = run_start(folder, {DATABASE: PROXY, KEY: host_key})
    assert done.returncode == 0
    assert f"forwards to {PROXY} only" in done.stderr


def test_a_missing_database_is_named(folder: Path, host_key: str) -> None:
    assert f"{DATABASE} is not set" in refused(folder, **{KEY: host_key})


@pytest.mark.parametrize(
    "database",
    [
        "proxy.example.com",
        "proxy.example.com:",
        ":3306",
        "*:3306",
        "proxy.example.com:*",
        "any",
        "none",
        "proxy.example.com:0",
        "proxy.example.com:03306",
        "proxy.example.com:65536",
        "proxy.example.com:33060000000000000000",
        "proxy.example.com:3306 other.example.com:22",
        'proxy",permitopen="other:22',
        "proxy.example.com:3306\nAllowTcpForwarding yes",
        "proxy:3306,other:22",
    ],
)
def test_a_database_that_is_not_one_place_is_refused(
    folder: Path, host_key: str, database: str
) -> None:
    assert f"{DATABASE} is not host:port" in refused(folder, **{DATABASE: database, KEY: host_key})


def test_a_missing_host_key_is_named_with_how_to_make_one(folder: Path) -> None:
    said = refused(folder, **{DATABASE: PROXY})
    assert f"{KEY} is not set" in said
    assert "ssh-keygen -t ed25519" in said


def test_two_host_keys_are_refused(folder: Path, host_key: str) -> None:
    assert "give one" in refused(folder, **{DATABASE: PROXY, KEY: host_key, KEY_FILE: "/x"})


def test_a_host_key_file_that_is_not_there_is_named_by_its_setting(folder: Path) -> None:
    assert f"{KEY_FILE} names cannot be read" in refused(
        folder, **{DATABASE: PROXY, KEY_FILE: "/nowhere"}
    )


@pytest.mark.parametrize("text", ["x", "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n"])
def test_a_host_key_that_is_none_is_refused_without_being_said(folder: Path, text: str) -> None:
    said = refused(folder, **{DATABASE: PROXY, KEY: text})
    assert "the host key is no private key without a passphrase" in said


def test_a_public_key_is_no_host_key(folder: Path) -> None:
    given = {DATABASE: PROXY, KEY: public(folder / "host")}
    assert "is no private key" in refused(folder, **given)


def test_a_host_key_whose_line_breaks_were_lost_is_refused(folder: Path, host_key: str) -> None:
    given = {DATABASE: PROXY, KEY: host_key.replace("\n", " ")}
    assert "keep its line breaks" in refused(folder, **given)


def test_a_host_key_of_another_type_is_refused(folder: Path) -> None:
    key = make_key(folder / "other", "-t", "ecdsa").read_text()
    assert "is not of type ed25519" in refused(folder, **{DATABASE: PROXY, KEY: key})


def test_a_folder_that_cannot_be_written_is_named(folder: Path, host_key: str) -> None:
    given = {DATABASE: PROXY, KEY: host_key, "TMPDIR": "/proc/none"}
    assert "/proc/none/bastion cannot be written: mount a tmpfs" in refused(folder, **given)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.removesuffix("\n"),
        lambda text: f"{text}\n",
    ],
    ids=["carriage returns", "no last line break", "an empty line"],
)
def test_a_host_key_survives_consoles_and_editors(
    folder: Path, host_key: str, change: Callable[[str], str]
) -> None:
    assert run_start(folder, {DATABASE: PROXY, KEY: change(host_key)}).returncode == 0


def test_a_host_key_comes_from_a_file_too(folder: Path) -> None:
    (folder / "host").chmod(0o644)
    done = run_start(folder, {DATABASE: PROXY, KEY_FILE: str(folder / "host")})
    assert done.returncode == 0


def test_the_fingerprint_is_that_of_the_key_given_at_every_start(
    folder: Path, host_key: str
) -> None:
    said = [run_start(folder, {DATABASE: PROXY, KEY: host_key}).stderr for _ in range(2)]
    assert said[0] == said[1]
    assert "SHA256:" in said[0]


def test_each_listed_key_may_reach_the_database_only(folder: Path, host_key: str) -> None:
    people = [make_key(folder / name) for name in ("first", "second")]
    (folder / "authorized_keys").write_text(list_keys(folder, *people))
    run_start(folder, {DATABASE: PROXY, KEY: host_key})
    assert (folder / "run" / "bastion" / "authorized_keys").read_text() == "".join(
        f'permitopen="{PROXY}",restrict,port-forwarding {public(one)}\n' for one in people
    )


def test_nobody_else_may_read_what_is_written(folder: Path, host_key: str) -> None:
    run_start(folder, {DATABASE: PROXY, KEY: host_key})
    written = folder / "run" / "bastion"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [written, *written.iterdir()]}
    assert modes == {"bastion": 0o700, "authorized_keys": 0o600, "host_key": 0o600}


def test_it_starts_again_where_it_has_been_before(folder: Path, host_key: str) -> None:
    for database in (PROXY, "other.example.com:3307"):
        done = run_start(folder, {DATABASE: database, KEY: host_key})
        assert done.returncode == 0
    assert "other.example.com:3307" in done.stderr


@pytest.fixture(scope="module")
def effective() -> Iterator[dict[str, str]]:
    """What sshd takes its configuration for."""
    with open_folder() as folder:
        host_key = make_key(folder / "host").read_text()
        done = run_start(folder, {DATABASE: PROXY, KEY: host_key}, ("-T",))
        assert done.returncode == 0, done.stderr
        yield dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


TOLD = {
    "allowagentforwarding": "no",
    "allowstreamlocalforwarding": "no",
    "allowtcpforwarding": "local",
    "allowusers": "tunnel",
    "authenticationmethods": "publickey",
    "clientaliveinterval": "60",
    "forcecommand": "/usr/sbin/nologin",
    "gatewayports": "no",
    "hostbasedauthentication": "no",
    "kbdinteractiveauthentication": "no",
    "logingracetime": "20",
    "loglevel": "VERBOSE",
    "maxauthtries": "3",
    "maxsessions": "0",
    "maxstartups": "10:30:60",
    "passwordauthentication": "no",
    "permitemptypasswords": "no",
    "permitlisten": "none",
    "permitopen": PROXY,
    "permitrootlogin": "no",
    "permittty": "no",
    "permittunnel": "no",
    "permituserenvironment": "no",
    "permituserrc": "no",
    "requiredrsasize": "3072",
    "strictmodes": "yes",
    "usepam": "no",
    "x11forwarding": "no",
}


def test_sshd_is_told_to_forward_to_the_database_and_to_nothing_else(
    effective: dict[str, str],
) -> None:
    assert {option: effective[option] for option in TOLD} == TOLD


MODERN = {
    "ciphers": {
        "chacha20-poly1305@openssh.com",
        "aes256-gcm@openssh.com",
        "aes128-gcm@openssh.com",
    },
    "macs": {"hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com"},
    "hostkeyalgorithms": {"ssh-ed25519"},
    "pubkeyacceptedalgorithms": {
        "ssh-ed25519",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "rsa-sha2-512",
        "rsa-sha2-256",
    },
    "kexalgorithms": {
        "mlkem768x25519-sha256",
        "sntrup761x25519-sha512",
        "sntrup761x25519-sha512@openssh.com",
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
    },
}


@pytest.mark.parametrize("kind", sorted(MODERN))
def test_algorithms_are_modern_ones(effective: dict[str, str], kind: str) -> None:
    taken = set(effective[kind].split(","))
    assert taken
    assert taken <= MODERN[kind]


def test_what_one_peer_does_is_not_held_against_all_behind_a_load_balancer(
    effective: dict[str, str],
) -> None:
    assert effective.get("persourcepenalties", "no") == "no"


def test_the_start_script_may_be_run() -> None:
    assert os.access(CODE / "start", os.X_OK)
