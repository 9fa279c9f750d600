"""`python prune.py site-packages`: takes out of installed packages what no app needs to run.

What says which packages there are, and in which versions, stays (`*.dist-info`).
"""

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

# What compilers and type checkers read.
SUFFIXES = frozenset({".c", ".cpp", ".h", ".hpp", ".pxd", ".pxi", ".pyi", ".pyx", ".typed"})
# Top-level folders that packages leave by mistake; greenlet's tests are its largest part.
FOLDERS = (
    "aiosqlite/tests",
    "alembic/templates",
    "alembic/testing",
    "bin",
    "docs",
    "examples",
    "greenlet/platform",
    "greenlet/tests",
    "include",
    "sqlalchemy/testing",
)
# Other databases' dialects; Alembic imports them all, so they stay where it is.
DIALECTS = ("sqlalchemy/dialects/mssql", "sqlalchemy/dialects/oracle")
DIALECTS_POSTGRESQL = "sqlalchemy/dialects/postgresql"
# botocore describes 440 services. Credentials come from the container, an assumed role or single
# sign-on; files lie in S3; administration sends mail, by SES or SMTP.
SERVICES = frozenset({"s3", "sesv2", "signin", "sso", "sso-oidc", "sts"})


def unneeded(site: Path) -> list[Path]:
    """Files and folders below `site` that can go."""
    found = [site / name for name in FOLDERS]
    if not (site / "alembic").is_dir():
        found += [site / name for name in (*DIALECTS, DIALECTS_POSTGRESQL)]
    found += [path for path in site.rglob("*") if path.suffix in SUFFIXES and path.is_file()]
    services = site / "botocore" / "data"
    if services.is_dir():
        found += [
            path for path in services.iterdir() if path.is_dir() and path.name not in SERVICES
        ]
    if not (site / "boto3").is_dir():
        found.append(services / "s3")
    if not (site / "aiosmtplib").is_dir():
        found.append(services / "sesv2")
    return [path for path in found if path.exists()]


def remove(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()


def compress(file: Path) -> None:
    """Leave `file` compressed, which botocore reads as well: its endpoints are a megabyte."""
    if file.exists():
        Path(f"{file}.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))
        file.unlink()


def strip(site: Path) -> None:
    """Take the symbols out of compiled modules: most of uvloop is symbols."""
    modules = sorted(str(path) for path in site.rglob("*.so*") if path.is_file())
    if modules:
        subprocess.run(["strip", "--strip-unneeded", *modules], check=True)  # noqa: S603, S607 - binutils of the build stage


def main() -> None:
    site = Path(sys.argv[1])
    remove(unneeded(site))
    compress(site / "botocore" / "data" / "endpoints.json")
    strip(site)


if __name__ == "__main__":
    main()
