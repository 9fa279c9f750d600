"""Which images a change touches: described changes, and this repository's own history."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.deploy import dockerfile
from infra.deploy.changed import NAMES, main, tree
from infra.deploy.git import NOTHING, ROOT
from infra.deploy.touched import ALSO, Tree, touched

HERE = tree("HEAD")
ALL = set(NAMES)
PYTHON = ALL - {"bastion"}
WEB = {"api", "reporting", "administration", "billing", "loyalty", "dashboarding"}


def images(*paths: str) -> set[str]:
    return set(touched(HERE, paths, NAMES))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("apps/billing/usage/service.py", {"billing"}),
        ("apps/ingest/server.py", {"ingest"}),
        ("apps/api/main.py", {"api", "cli"}),
        ("apps/fleet/mappings/office.toml", {"cli"}),
        ("apps/cli/doctor.py", {"cli"}),
        ("apps/__init__.py", PYTHON - {"migrations"}),
        ("shared/settings.py", PYTHON),
        ("shared/web/app.py", WEB | {"cli"}),
        ("shared/health.py", WEB | {"ingest"}),
        ("migrations/versions/0026_new.py", {"migrations", "cli"}),
        ("migrations/versions/0001_job.py", {"migrations", "cli"}),
        ("migrations/env.py", {"migrations", "cli"}),
        ("migrations/script.py.mako", {"migrations", "cli"}),
        ("locks/ingest.txt", {"ingest"}),
        ("locks/dev.txt", set()),
        ("locks/fleet.txt", set()),
        ("Dockerfile", PYTHON),
        (".dockerignore", PYTHON),
        ("scripts/uv.txt", PYTHON),
        ("scripts/images/inside/prune.py", PYTHON),
        ("scripts/lint.py", set()),
        ("infra/bastion/keys/person.pub", {"bastion"}),
        ("infra/bastion/Dockerfile", {"bastion"}),
        ("infra/stacks/data.py", set()),
        ("docs/bastion.md", set()),
        ("tests/apps/api/test_devices.py", set()),
        ("pyproject.toml", set()),
    ],
)
def test_a_change_touches_what_is_made_from_it(path: str, expected: set[str]) -> None:
    assert images(path) == expected


def test_a_module_that_is_gone_counts_for_all_that_ran_its_package() -> None:
    assert images("apps/billing/gone.py") == {"billing"}
    assert images("shared/gone.py") == PYTHON


def test_a_package_counts_for_those_that_import_from_it() -> None:
    assert images("shared/jobs/__init__.py") == images("shared/jobs/queue.py") | images(
        "shared/jobs/worker.py"
    )


def test_an_import_inside_a_function_counts() -> None:
    files = {
        "Dockerfile": 'FROM x AS web\nFROM web AS api\nCMD ["python", "-m", "apps.api.main"]\n'
        "FROM web AS image\nCOPY shared /app/shared\nCOPY apps /all/apps\n",
        "apps/__init__.py": "",
        "apps/api/__init__.py": "",
        "apps/api/main.py": "def late():\n    from shared import one\n",
        "shared/__init__.py": "",
        "shared/one.py": "from .two import three\n",
        "shared/two.py": "",
        "shared/four.py": "",
    }
    made = Tree(files)
    assert touched(made, ["shared/two.py"], ["api"]) == {"api": "shared/two.py"}
    assert touched(made, ["shared/four.py"], ["api"]) == {}


@pytest.mark.parametrize("app", ["ingest", "reporting"])
def test_nothing_that_a_process_really_imports_is_missed(app: str) -> None:
    start = sorted(dockerfile.modules(HERE.files["Dockerfile"], app))
    code = (
        f"import importlib, sys\nfor name in {start}: importlib.import_module(name)\n"
        "print('\\n'.join(m.__file__ or '' for m in list(sys.modules.values())"
        " if getattr(m, '__file__', None)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )  # fmt: skip
    files = {Path(line) for line in done.stdout.split() if line}
    ours = {
        str(file.relative_to(ROOT))
        for file in files
        if file.is_relative_to(ROOT) and file.relative_to(ROOT).parts[0] in {"apps", "shared"}
    }
    assert len(ours) > 10
    assert ours <= HERE.image(app).modules


def test_the_command_carries_the_apps_that_the_dockerfile_copies_for_it() -> None:
    (line,) = re.findall(r"\$APP != cli \] \|\| cp -r (.*?) apps/;", HERE.files["Dockerfile"])
    assert {part.rpartition("/")[2] for part in line.split()} == set(ALSO["cli"])


@pytest.mark.parametrize(
    ("commit", "expected"),
    [
        # One formatting for a reading that comes alone.
        ("fdcf1cf", {"api", "ingest", "cli"}),
        # Ask of a device that says hello only what is read.
        ("60c5125", {"api", "ingest", "cli"}),
        # Hot reload starts only the app that was edited.
        ("1080e2e", set()),
        # Try the bastion's image as it runs.
        ("2eaafc6", {"bastion"}),
    ],
)
def test_commits_of_our_own(
    commit: str, expected: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"{commit}~1", commit, "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == expected


def test_before_the_first_commit_all_images_are_new(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([NOTHING, "HEAD", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == ALL


def test_a_commit_that_was_not_fetched_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deadbeef", "HEAD"]) == 1
    said = capsys.readouterr().err
    assert "deadbeef is no commit of this checkout" in said
    assert "fetch-depth: 0" in said


def test_the_workflow_gets_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    assert main(["60c5125~1", "60c5125", "--github"]) == 0
    assert (tmp_path / "output").read_text() == 'images=["api", "ingest", "cli"]\n'
    assert "apps/ingest/admission.py" in capsys.readouterr().out


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "python -m infra.deploy.changed origin/main HEAD" in capsys.readouterr().out
