"""Takes out of a base image what an app never runs: shells, package managers, setuid programs, pip.

Runs once, in the image that all apps stand on, as root. What stays of programs is Python.
"""

import os
import shutil
import stat
import sysconfig
from pathlib import Path

PROGRAMS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
# Programs outside the folders for programs, and packages' own way of getting more of them.
FOLDERS = ("/usr/lib/apt", "/usr/lib/dpkg", "/usr/lib/openssh", "/usr/libexec", "/usr/share/perl5")
WHEELS = "/usr/share/python-wheels"
INSTALLERS = ("pip", "setuptools", "wheel", "ensurepip")
OWNER = 10_001
TIME_S = 315_532_800  # as in `settle`
USER = "fortress:x:10001:10001::/tmp:/usr/sbin/nologin\n"
GROUP = "fortress:x:10001:\n"


def is_python(program: Path) -> bool:
    return program.name.startswith("python") and "config" not in program.name


def programs() -> list[Path]:
    """Every program that can be called by its name, but Python."""
    folders = {Path(name).resolve() for name in PROGRAMS if Path(name).is_dir()}
    found = [path for folder in sorted(folders) for path in folder.iterdir()]
    return [path for path in found if not is_python(path) and not path.is_dir()]


def installers() -> list[Path]:
    """The package pip and what comes with it, wherever this Python has it."""
    places = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib", "stdlib")}
    found = [path for place in places for name in INSTALLERS for path in place.glob(f"{name}*")]
    return [path for path in found if path.name.split("-")[0] in INSTALLERS]


def drop(paths: list[Path]) -> None:
    """Remove files and folders; the folders they were in keep their times, as an image must not
    differ by when it was built. What marks a removal in a layer has a time of its own, which
    only a builder that rewrites times (BuildKit 0.13 and newer) makes equal.
    """
    for path in paths:
        if not (path.exists() or path.is_symlink()):
            continue
        times = path.parent.stat()
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
        os.utime(path.parent, ns=(times.st_mtime_ns, times.st_mtime_ns))


def calm(top: Path) -> None:
    """Take the setuid and setgid bits from what is left."""
    for path in top.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
            path.chmod(stat.S_IMODE(mode) & ~(stat.S_ISUID | stat.S_ISGID))


def add(line: str, file: Path) -> None:
    """Append `line` once, leaving times as they are."""
    times, folder = file.stat(), file.parent.stat()
    text = file.read_text()
    if line not in text:
        file.write_text(text + line)
        os.utime(file, ns=(times.st_mtime_ns, times.st_mtime_ns))
        os.utime(file.parent, ns=(folder.st_mtime_ns, folder.st_mtime_ns))


def make_data() -> None:
    """The folder that a volume is mounted on: a new volume takes its owner from it."""
    folder = Path("/data")
    folder.mkdir(exist_ok=True)
    os.chown(folder, OWNER, OWNER)
    for changed in (folder, Path("/")):
        os.utime(changed, (TIME_S, TIME_S))


def main() -> None:
    make_data()
    add(USER, Path("/etc/passwd"))
    add(GROUP, Path("/etc/group"))
    calm(Path("/usr"))
    drop([*installers(), *map(Path, (*FOLDERS, WHEELS)), *programs()])


if __name__ == "__main__":
    main()
