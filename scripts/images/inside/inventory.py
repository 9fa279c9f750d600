"""`python - < inventory.py` inside an image: what is installed in it, as JSON on standard output.

{"python": "3.13.5", "system": {"id": "debian", "version": "13"},
 "packages": [{"name", "version", "expression", "license", "requires": [name, …]}, …],
 "debian": [{"name", "version", "architecture", "source"}, …]}
"""

import json
import platform
import re
import sys
from email.message import Message
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import cast

STATUS = Path("/var/lib/dpkg/status")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def normal(name: str) -> str:
    """A package's name as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def package(found: Distribution) -> dict[str, object]:
    # Fields that may be missing: typed as what `metadata` is, a message with headers.
    meta = cast("Message", found.metadata)
    required = meta.get_all("Requires-Dist") or []
    needs = [NAME.match(line) for line in required if "extra ==" not in line]
    return {
        "name": normal(meta["Name"]),
        "version": found.version,
        "expression": meta.get("License-Expression") or "",
        "license": (meta.get("License") or "").split("\n")[0],
        "requires": sorted({normal(need[0]) for need in needs if need}),
    }


def debian(status: str) -> list[dict[str, str]]:
    """The packages that are installed according to dpkg's own list."""
    found = []
    for paragraph in status.split("\n\n"):
        fields: dict[str, str] = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            found.append(
                {
                    "name": fields["Package"],
                    "version": fields["Version"],
                    "architecture": fields["Architecture"],
                    "source": fields.get("Source", fields["Package"]).split(" ")[0],
                }
            )
    return sorted(found, key=lambda item: (item["name"], item["architecture"]))


def main() -> None:
    release = platform.freedesktop_os_release()
    json.dump(
        {
            "python": platform.python_version(),
            "system": {"id": release["ID"], "version": release.get("VERSION_ID", "")},
            "packages": sorted(map(package, distributions()), key=lambda item: str(item["name"])),
            "debian": debian(STATUS.read_text(encoding="utf-8")) if STATUS.exists() else [],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
