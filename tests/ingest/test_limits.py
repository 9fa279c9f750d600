"""What the system lets ingest have; in processes of their own, since limits stay."""

import subprocess
import sys

import pytest

from tests.support.servers import ROOT

RUN = """
import logging, resource, sys
from apps.ingest.limits import allow_files
logging.basicConfig()
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
allow_files(wanted)
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def limited(soft: int, hard: int, wanted: int) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN, f"{soft}", f"{hard}", f"{wanted}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip(), done.stderr.strip()


def test_a_low_limit_is_raised_to_what_the_system_allows() -> None:
    assert limited(256, 2_000, 1_000) == ("(2000, 2000)", "")


@pytest.mark.parametrize("soft", [256, 1_024])
def test_fewer_than_wanted_is_said(soft: int) -> None:
    limits, said = limited(soft, 1_024, 1_000)
    assert limits == "(1024, 1024)"
    assert "only 1024 files may be open (ulimit -n): 1000 are wanted" in said
