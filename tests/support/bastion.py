"""The bastion as its image runs it, without an image: the same files, and no privileges."""

import os
import pwd
import shutil
import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from infra.bastion.authorize import authorized, keys_of
from tests.support.servers import ROOT, answers, find, free_port, guard, wait_until

CODE = ROOT / "infra" / "bastion"
SSH_S = 30


def unprivileged() -> pwd.struct_passwd:
    """Who runs sshd: we ourselves, or a user without rights where we are root."""
    return pwd.getpwnam("daemon") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder whose path another user can follow, unlike pytest's own, with `run` for sshd."""
    folder = Path(tempfile.mkdtemp(prefix="fortress-bastion-"))
    folder.chmod(0o755)
    (folder / "run").mkdir(mode=0o700)
    os.chown(folder / "run", unprivileged().pw_uid, -1)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_key(path: Path, *options: str, comment: str | None = None) -> Path:
    """A new pair, ed25519 unless `options` say otherwise; returns the private key's file."""
    command = [find("ssh-keygen"), "-q", *(options or ("-t", "ed25519")), "-N", "", "-f", str(path)]
    subprocess.run([*command, "-C", comment or path.name], check=True, stdin=subprocess.DEVNULL)
    return path


def public(private: Path) -> str:
    return private.with_name(f"{private.name}.pub").read_text().strip()


def list_keys(folder: Path, *private: Path) -> str:
    """authorized_keys for the public halves, by way of a folder of key files."""
    keys = folder / "keys"
    shutil.rmtree(keys, ignore_errors=True)
    keys.mkdir()
    for one in private:
        shutil.copy(one.with_name(f"{one.name}.pub"), keys)
    found, faults = keys_of(keys)
    assert not faults
    return authorized(found)


class _Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"stand-in: " + self.rfile.readline())


@contextmanager
def stand_in() -> Iterator[int]:
    """A server that answers a line and closes; yields its port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Bastion:
    """Where it listens, what it logs, and ssh to it. `pid` is its sshd, where there is one."""

    folder: Path
    host_key: Path
    pid: int = 0
    port: int = field(default_factory=free_port)
    user: str = field(default_factory=lambda: unprivileged().pw_name)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    @property
    def known_hosts(self) -> Path:
        """Our own list of hosts: ssh refuses a host whose key is not the one that was given."""
        path = self.folder / "known_hosts"
        kind, material = public(self.host_key).split()[:2]
        path.write_text(f"[127.0.0.1]:{self.port} {kind} {material}\n")
        return path

    def command(self, key: Path, *arguments: str, user: str | None = None) -> list[str]:
        """How ssh is called: with one key, no prompt, nothing of this machine's configuration."""
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": "10",
            "ExitOnForwardFailure": "yes",
            "GlobalKnownHostsFile": "/dev/null",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(self.known_hosts),
        }
        given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        login = ["-p", str(self.port), "-l", user or self.user, "-i", str(key)]
        return [find("ssh"), "-F", "none", *given, *login, *arguments]

    def ssh(
        self, key: Path, *arguments: str, user: str | None = None, say: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Call ssh and wait for its end; `say` is its input. Options come before `127.0.0.1`."""
        return subprocess.run(
            self.command(key, *arguments, user=user),
            input=say,
            capture_output=True,
            text=True,
            timeout=SSH_S,
            check=False,
        )

    @contextmanager
    def forwarding(self, key: Path, *forward: str) -> Iterator[None]:
        """ssh holds a forward open (`-L …`, `-D …`) until the block ends, however it ends."""
        with subprocess.Popen(self.command(key, "-N", *forward, "127.0.0.1")) as ssh:
            try:
                yield
            finally:
                ssh.kill()  # it may sleep through a SIGTERM that comes just before it waits

    def reach(self, key: Path, place: str) -> str:
        """What answers at `place`, host:port, when a line is said to it through the bastion."""
        return self.ssh(key, "-W", place, "127.0.0.1", say="hello\n").stdout


def start_command(folder: Path, *arguments: str) -> list[str]:
    """How `start` is called on copies of the bastion's files in `folder`."""
    for name in ("start", "sshd_config"):
        shutil.copy(CODE / name, folder)
    (folder / "authorized_keys").touch()
    return ["/bin/sh", str(folder / "start"), *arguments]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The whole environment of `start`: nothing of this process's own."""
    return {"PATH": "/usr/sbin:/usr/bin:/bin", "TMPDIR": str(folder / "run"), **settings}


def run_start(
    folder: Path, settings: Mapping[str, str], arguments: Sequence[str] = ("-t",)
) -> subprocess.CompletedProcess[str]:
    """Run `start` to its end; by default sshd only checks what it was given."""
    user = unprivileged()
    return subprocess.run(
        start_command(folder, *arguments),
        env=environment(folder, **settings),
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=SSH_S,
        check=False,
    )


@contextmanager
def running(folder: Path, host_key: Path, database: str, listed: str) -> Iterator[Bastion]:
    """A bastion that listens. `listed` is the text of authorized_keys.

    StrictModes wants folders that nobody else may write all the way up, which a checkout need not
    have: it is on where the image is tried.
    """
    (folder / "authorized_keys").write_text(listed)
    bastion = Bastion(folder, host_key)
    overrides = (f"AllowUsers={bastion.user}", "ListenAddress=127.0.0.1", "StrictModes=no")
    arguments = [word for one in overrides for word in ("-o", one)]
    user = unprivileged()
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            start_command(folder, "-p", str(bastion.port), *arguments),
            env=environment(
                folder,
                FORTRESS_BASTION_DATABASE=database,
                FORTRESS_BASTION_HOST_KEY=host_key.read_text(),
            ),
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        with guard(process.pid):
            wait_until(lambda: process.poll() is not None or answers(bastion.port), "sshd")
            assert process.poll() is None, bastion.log
            bastion.pid = process.pid
            yield bastion
    finally:
        process.terminate()
        process.wait(20)
