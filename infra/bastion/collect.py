"""`python collect.py FOLDER`: a root file system of sshd, its libraries and four small programs.

Runs as root where the image is built, on Debian; FOLDER becomes the image. dpkg's list of the
packages that files come from goes in too, cut to those, so that scanners know the versions.
`python collect.py --settle FOLDER` gives all of it one time: equal trees are equal layers.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# What ./start and the health check call; newer versions of sshd come in three parts.
PROGRAMS = (
    "/usr/sbin/sshd",
    "/usr/lib/openssh/sshd-session",
    "/usr/lib/openssh/sshd-auth",
    "/usr/sbin/nologin",
    "/usr/bin/dash",
    "/usr/bin/mkdir",
    "/usr/bin/ssh-keygen",
    "/usr/bin/ssh-keyscan",
)
LINKS = {
    "bin": "usr/bin",
    "sbin": "usr/sbin",
    "lib": "usr/lib",
    "lib64": "usr/lib64",
    "usr/bin/sh": "dash",
}
# The home is where ./start writes: sshd trusts listed keys below it, though /tmp is everyone's.
TEXTS = {
    "etc/passwd": "root:x:0:0::/:/usr/sbin/nologin\n"
    "tunnel:x:10001:10001::/tmp/bastion:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\ntunnel:x:10001:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
STATUS = Path("/var/lib/dpkg/status")
LIBRARY = re.compile(r"(/\S+) \(0x")
TIME_S = 315_532_800  # 1980, the first year that a zip file knows


def said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own commands
    return done.stdout


def libraries(program: Path) -> Iterator[Path]:
    """What the program is linked with, by the names that it asks for."""
    return map(Path, LIBRARY.findall(said("ldd", str(program))))


def files() -> set[Path]:
    """Programs and libraries, each below /usr, where /lib and /bin lead."""
    programs = [path for path in map(Path, PROGRAMS) if path.exists()]
    linked = {library for program in programs for library in libraries(program)}
    return {path.parent.resolve() / path.name for path in {*programs, *linked}}


def owners(paths: set[Path]) -> set[str]:
    """The Debian packages that the files belong to, which may know them by the older path."""
    known = {str(path.resolve()) for path in paths} | {str(path) for path in paths}
    known |= {name.removeprefix("/usr") for name in known}
    return {line.split(":")[0] for line in said("dpkg", "-S", *sorted(known)).splitlines()}


def status(packages: set[str]) -> str:
    """The list that dpkg keeps, cut to `packages`."""
    paragraphs = STATUS.read_text("utf-8").strip().split("\n\n")
    names = {one.split("\n")[0].removeprefix("Package: "): one for one in paragraphs}
    return "".join(f"{names[name]}\n\n" for name in sorted(packages & names.keys()))


def copy(source: Path, root: Path) -> None:
    place = root / source.relative_to("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, place)
    place.chmod(0o755)  # none keeps a setuid bit


def collect(root: Path) -> None:
    """Fill the folder `root`."""
    found = files()
    for path in sorted(found):
        copy(path, root)
    packages = owners(found)
    texts = TEXTS | {
        "usr/lib/os-release": Path("/usr/lib/os-release").read_text("utf-8"),
        "var/lib/dpkg/status": status(packages),
    }
    for name in packages:
        licence = Path("/usr/share/doc", name, "copyright")
        if licence.exists():
            texts[str(licence.relative_to("/"))] = licence.read_text("utf-8")
    for name, text in texts.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    for name, target in {**LINKS, "etc/os-release": "../usr/lib/os-release"}.items():
        (root / name).symlink_to(target)
    (root / "tmp").mkdir()


def settle(root: Path) -> None:
    """One time for all; nobody but root may write, but everyone in /tmp."""
    for path in [*root.rglob("*"), root]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    (root / "tmp").chmod(0o1777)
    for path in sorted([*root.rglob("*"), root], reverse=True):
        os.utime(path, (TIME_S, TIME_S), follow_symlinks=False)


if __name__ == "__main__":
    settle(Path(sys.argv[2])) if sys.argv[1] == "--settle" else collect(Path(sys.argv[1]))
