"""What must hold of written templates, each problem in a sentence."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.errors import ConfigurationError

SUFFIX = ".template.json"
# CloudFormation's limits: of a template in a bucket, of resources, parameters, outputs in one.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MOST_BYTES = 1_000_000
MOST = {"Resources": 500, "Parameters": 200, "Outputs": 200}
# A reason shorter than this names no cause.
SHORTEST_REASON = 30
ACKNOWLEDGED = "aws:cdk:acknowledged-rules"
# The rules whose acknowledgements are all ours; the construct library acknowledges some of its own.
PACK = "AwsSolutions"


@dataclass(frozen=True)
class Stack:
    """A written template: `size` in bytes; `acknowledged`: findings that stand with a reason."""

    name: str
    file: Path
    size: int
    template: dict[str, Any]
    acknowledged: int

    @property
    def resources(self) -> int:
        return len(self.template.get("Resources", {}))


@dataclass(frozen=True)
class Finding:
    """What a rule found at a construct; with `reason` it stands, where it was acknowledged."""

    rule: str
    path: str
    description: str
    reason: str = ""
    at: str = field(default="", kw_only=True)

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}: {self.description}"


def stacks(folder: Path) -> list[Stack]:
    """The templates in an environment's folder. Raises `ConfigurationError`: one is too large."""
    findings = reported(folder)
    return [
        _stack(file, [found for found in findings if found.reason])
        for file in sorted(folder.glob(f"*{SUFFIX}"))
    ]


def _stack(file: Path, acknowledged: list[Finding]) -> Stack:
    name = file.name.removesuffix(SUFFIX)
    content = file.read_bytes()
    template = json.loads(content)
    within_limits(name, len(content), template)
    mine = sum(finding.path.split("/")[0] == name for finding in acknowledged)
    return Stack(name, file, len(content), template, mine)


def within_limits(name: str, size: int, template: dict[str, Any]) -> None:
    """Raise `ConfigurationError` where CloudFormation would refuse the template."""
    if size > MOST_BYTES:
        raise ConfigurationError(
            f"{name} is a template of {size:,} bytes; CloudFormation takes {MOST_BYTES:,}: move a"
            " part of it into a stack of its own"
        )
    for section, most in MOST.items():
        count = len(template.get(section, {}))
        if count > most:
            raise ConfigurationError(
                f"{name} has {count} {section.lower()}; CloudFormation takes {most}: move a part"
                " of it into a stack of its own"
            )


def problems(folder: Path) -> Iterator[str]:
    """What is wrong in an environment's folder, cfn-lint aside."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for missing in manifest.get("missing", []):
        yield f"{folder.name}: {missing['key']} would be looked up in an account: give it"
    for stack in stacks(folder):
        if "dummy" in stack.file.read_text(encoding="utf-8"):
            yield f"{stack.name}: holds a made-up value (dummy…): give the zones"
    yield from (str(finding) for finding in reported(folder) if not finding.reason)
    yield from _careless(folder)


def reported(folder: Path) -> list[Finding]:
    """Everything that cdk-nag and the construct library found."""
    report = json.loads((folder / "validation-report.json").read_bytes())
    return [
        Finding(
            violation["ruleName"],
            place["constructPath"],
            violation["description"],
            violation.get("reason", ""),
            at=violation.get("acknowledgedAt", ""),
        )
        for plugin in report["pluginReports"]
        for kind in ("violations", "suppressedViolations")
        for violation in plugin.get(kind, [])
        for place in violation["violatingConstructs"]
    ]


def _careless(folder: Path) -> Iterator[str]:
    """Acknowledgements that are too wide, without a reason, or of nothing."""
    used = {(finding.at, finding.rule) for finding in reported(folder)}
    for path, rule, reason in given(folder):
        if "/" not in path:
            yield f"{path}: {rule} is acknowledged for a whole stack: name the construct"
        if len(reason) < SHORTEST_REASON:
            yield f"{path}: {rule} is acknowledged for no reason to speak of: {reason!r}"
        if (path, rule) not in used:
            yield f"{path}: {rule} is acknowledged and not found any more: take it out"


def given(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Every acknowledgement of a rule of cdk-nag, as path, rule and reason."""
    for file in sorted(folder.glob("*.metadata.json")):
        for path, entries in json.loads(file.read_bytes()).items():
            for entry in entries:
                if entry["type"] == ACKNOWLEDGED:
                    yield from _rules(path.removeprefix("/"), entry["data"])


def _rules(path: str, data: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for rule, reason in data.items():
        pack, _, name = rule.partition("::")
        if pack == PACK:
            yield path, name, reason
