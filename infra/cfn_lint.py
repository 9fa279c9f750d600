"""cfn-lint over written templates, one process for each folder."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).with_name("cfn-lint")
# What stands, by rule and type of resource.
ACKNOWLEDGED = {
    ("W3010", "AWS::EC2::Subnet"): "zones come from the configuration, to synthesise offline",
    ("W3010", "AWS::RDS::DBInstance"): "the same",
    ("W3005", "AWS::RDS::DBProxyTargetGroup"): "the library writes a dependency twice",
}


def problems(folders: list[Path], region: str) -> list[str]:
    """What cfn-lint finds, without what is acknowledged above."""
    with ThreadPoolExecutor(2) as pool:
        return [
            line for found in pool.map(lambda at: [*_folder(at, region)], folders) for line in found
        ]


def _folder(folder: Path, region: str) -> Iterator[str]:
    files = sorted(str(file) for file in folder.glob("*.template.json"))
    if not files:
        return
    done = subprocess.run(  # noqa: S603 - cfn-lint over files written here
        [str(PROGRAM), "--format", "json", "--regions", region, "--", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout.startswith("["):
        yield f"cfn-lint did not end well: {done.stderr.strip()[-500:]}"
        return
    for match in json.loads(done.stdout):
        if not _stands(match):
            yield _sentence(match)


def _stands(match: dict[str, Any]) -> bool:
    path = match["Location"]["Path"] or []
    if len(path) < 2 or path[0] != "Resources":
        return False
    resource = json.loads(Path(match["Filename"]).read_bytes())["Resources"][path[1]]
    return (match["Rule"]["Id"], resource["Type"]) in ACKNOWLEDGED


def _sentence(match: dict[str, Any]) -> str:
    place = "/".join(str(part) for part in match["Location"]["Path"] or [])
    return f"{Path(match['Filename']).name}: {place}: {match['Rule']['Id']}: {match['Message']}"
