"""Templates as `make synth` writes them (pure but for reading): their order, and parts of them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from shared.errors import ConfigurationError

Template = dict[str, Any]
SYNTH = Path("var/synth")
RIGHTS = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")


@dataclass(frozen=True)
class Stack:
    """A stack to deploy. `region` may differ from the environment's: certificates of a CDN.
    `protected`: it cannot be deleted before that is taken back.
    """

    name: str
    region: str
    template: Template
    protected: bool = False

    @property
    def body(self) -> str:
        """The template as text, as short as it can be: CloudFormation counts bytes."""
        return json.dumps(self.template, separators=(",", ":"))


def stacks(folder: Path) -> list[Stack]:
    """The stacks in `folder`, each after those it needs. Raises `ConfigurationError`."""
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
    except FileNotFoundError:
        raise ConfigurationError(f"{folder} holds no templates: run `make synth`") from None
    found = {
        name: artifact
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    needs = {
        name: found.keys() & set(artifact.get("dependencies", ()))
        for name, artifact in found.items()
    }
    return [_stack(folder, name, found[name]) for name in TopologicalSorter(needs).static_order()]


def _stack(folder: Path, name: str, artifact: Mapping[str, Any]) -> Stack:
    file = folder / artifact["properties"]["templateFile"]
    region = artifact["environment"].rpartition("/")[2]
    protected = bool(artifact["properties"].get("terminationProtection"))
    return Stack(name, region, json.loads(file.read_bytes()), protected)


def only(template: Template, wanted: set[str]) -> Template:
    """The template with the resources `wanted`, all they need, and what goes with them.

    What is left out is made by the next update with the whole template.
    """
    every = template["Resources"]
    kept = _closure(every, wanted)
    # A role is of no use without its rights, which name it and not the other way round.
    rights = {name for name, one in every.items() if one["Type"] in RIGHTS and _of(one) & kept}
    kept = _closure(every, kept | rights)
    outputs = {
        name: output
        for name, output in template.get("Outputs", {}).items()
        if _named(output) & every.keys() <= kept
    }
    resources = {name: every[name] for name in every if name in kept}
    asked = _named([resources, outputs])
    given = template.get("Parameters", {})
    return template | {
        "Parameters": {name: given[name] for name in given if name in asked},
        "Resources": resources,
        "Outputs": outputs,
    }


def _closure(every: Mapping[str, Any], wanted: set[str]) -> set[str]:
    """`wanted` and all that they refer to."""
    kept: set[str] = set()
    waiting = [*wanted]
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept.add(name)
            waiting += _named(every[name]) & every.keys()
    return kept


def _of(policy: Mapping[str, Any]) -> set[str]:
    """The roles that a policy is of."""
    return _named(policy["Properties"].get("Roles", []))


def run_once(template: Template, *families: str) -> set[str]:
    """Logical ids of what tasks that run once need: their definitions, and the cluster."""
    clusters = {
        name for name, one in template["Resources"].items() if one["Type"] == "AWS::ECS::Cluster"
    }
    return clusters | task_definitions(template, *families)


def task_definitions(template: Template, *families: str) -> set[str]:
    """Logical ids of the task definitions whose family ends with one of `families`."""
    return {
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::ECS::TaskDefinition"
        and str(resource["Properties"].get("Family", "")).endswith(tuple(families))
    }


def _named(value: object) -> set[str]:
    """Logical ids that `value` refers to."""
    return set(_references(value))


def _references(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref" or (key == "DependsOn" and isinstance(item, str)):
                yield item
            elif key == "DependsOn":
                yield from item
            elif key == "Fn::GetAtt":
                yield item[0] if isinstance(item, list) else item.partition(".")[0]
            elif key == "Fn::Sub":
                yield from _substituted(item)
            else:
                yield from _references(item)


def _substituted(value: object) -> Iterator[str]:
    text = value[0] if isinstance(value, list) else value
    for part in str(text).split("${")[1:]:
        yield part.partition("}")[0].partition(".")[0]
    if isinstance(value, list):
        yield from _references(value[1])
