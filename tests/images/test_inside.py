import gzip
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.images.inside import bare, bytecode, prune, settle

SOURCE = '''"""Says nothing."""


class Thing:
    """A thing."""

    def value(self):
        """Its value."""
        assert True
        raise ValueError("here")


def alone():
    """Nothing else."""
'''


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Packages as they are installed, in little."""
    files = {
        "botocore/__init__.py": "",
        "botocore/data/endpoints.json": '{"partitions": []}',
        "botocore/data/ec2/service-2.json": "{}",
        "botocore/data/s3/service-2.json": "{}",
        "botocore/data/sesv2/service-2.json": "{}",
        "botocore/data/sts/service-2.json": "{}",
        "greenlet/__init__.py": "",
        "greenlet/greenlet.cpp": "int x;",
        "greenlet/tests/__init__.py": "",
        "greenlet-3.dist-info/METADATA": "Name: greenlet\nVersion: 3\n",
        "greenlet-3.dist-info/RECORD": "greenlet/__init__.py,sha256=x,1\ngreenlet/greenlet.cpp,,\n",
        "sqlalchemy/__init__.py": SOURCE,
        "sqlalchemy/py.typed": "",
        "sqlalchemy/dialects/mysql/base.py": "",
        "sqlalchemy/dialects/postgresql/base.py": "",
        "docs/conf.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_no_app_runs_goes(site: Path) -> None:
    prune.remove(prune.unneeded(site))
    assert names(site) == {
        "botocore/__init__.py",
        "botocore/data/endpoints.json",
        "botocore/data/sts/service-2.json",
        "greenlet/__init__.py",
        "greenlet-3.dist-info/METADATA",
        "greenlet-3.dist-info/RECORD",
        "sqlalchemy/__init__.py",
        "sqlalchemy/dialects/mysql/base.py",
    }


def test_s3_stays_for_those_who_store_files_there(site: Path) -> None:
    (site / "boto3").mkdir()
    assert site / "botocore/data/s3" not in prune.unneeded(site)


def test_ses_stays_for_who_sends_mail(site: Path) -> None:
    (site / "aiosmtplib").mkdir()
    assert site / "botocore/data/sesv2" not in prune.unneeded(site)


def test_alembic_keeps_all_dialects(site: Path) -> None:
    (site / "alembic").mkdir()
    assert site / "sqlalchemy/dialects/postgresql" not in prune.unneeded(site)


def test_endpoints_are_compressed_and_always_the_same(site: Path) -> None:
    file = site / "botocore/data/endpoints.json"
    prune.compress(file)
    made = (site / "botocore/data/endpoints.json.gz").read_bytes()
    assert gzip.decompress(made) == b'{"partitions": []}'
    assert made[4:8] == bytes(4)
    assert not file.exists()


def test_packages_become_bytecode_alone(site: Path) -> None:
    bytecode.compile_packages(site)
    assert not list(site.rglob("*.py"))
    assert (site / "sqlalchemy/__init__.pyc").exists()
    assert (site / "greenlet-3.dist-info/RECORD").read_text() == (
        "greenlet/__init__.pyc,,\ngreenlet/greenlet.cpp,,\n"
    )


def test_bytecode_runs_with_docstrings_of_a_dot_and_knows_its_lines(tmp_path: Path) -> None:
    (tmp_path / "thing.pyc").write_bytes(bytecode.bytecode(SOURCE.encode(), "/x/thing.py"))
    code = "import thing; print(repr(thing.Thing.__doc__)); thing.alone(); thing.Thing().value()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "'.'\n"
    assert 'File "/x/thing.py", line 10, in value' in done.stderr


def test_equal_sources_give_equal_bytecode() -> None:
    one, other = (bytecode.bytecode(SOURCE.encode(), "x.py") for _ in range(2))
    assert one == other
    assert one[:8] == importlib.util.MAGIC_NUMBER + bytes([1, 0, 0, 0])


def test_own_code_keeps_its_sources(site: Path) -> None:
    bytecode.compile_own(site / "sqlalchemy")
    assert (site / "sqlalchemy/__init__.py").exists()
    assert list((site / "sqlalchemy/__pycache__").glob("__init__.*.pyc"))


def test_equal_trees_have_equal_times_and_rights(site: Path) -> None:
    program = site / "run"
    program.write_text("x")
    program.chmod(0o4775)
    (site / "link").symlink_to("run")
    for path in sorted(site.rglob("*"), reverse=True):
        settle.settle(path)
    assert {int(path.lstat().st_mtime) for path in site.rglob("*")} == {settle.TIME_S}
    assert program.stat().st_mode & 0o7777 == 0o755
    assert (site / "docs/conf.py").stat().st_mode & 0o7777 == 0o644


def test_what_is_dropped_leaves_the_times_of_its_folder(site: Path) -> None:
    os.utime(site, (1000, 1000))
    bare.drop([site / "docs", site / "never"])
    assert not (site / "docs").exists()
    assert site.stat().st_mtime == 1000


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        ("python3.13", True),
        ("python", True),
        ("python3-config", False),
        ("sh", False),
        ("pip3", False),
    ],
)
def test_python_alone_stays(name: str, stays: bool) -> None:
    assert bare.is_python(Path("/usr/bin", name)) is stays


def test_a_line_is_added_once(tmp_path: Path) -> None:
    file = tmp_path / "passwd"
    file.write_text("root:x:0:0\n")
    bare.add(bare.USER, file)
    bare.add(bare.USER, file)
    assert file.read_text() == "root:x:0:0\n" + bare.USER
