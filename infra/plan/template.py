"""The synthesised templates of one environment, as a list of resources that can be asked."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import ConfigurationError

SYNTH = Path("var/synth")
SUFFIX = ".template.json"


@dataclass(frozen=True)
class Resource:
    """One resource; `id` is its logical id in `stack`."""

    stack: str
    id: str
    type: str
    properties: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        """A property that the rule needs. Raises `ConfigurationError` where it is not there."""
        try:
            return self.properties[name]
        except KeyError:
            raise ConfigurationError(
                f"{self} has no {name}, which its price follows from"
            ) from None

    def get(self, name: str, default: Any = None) -> Any:
        return self.properties.get(name, default)

    def __str__(self) -> str:
        return f"{self.stack}/{self.id} ({self.type})"


@dataclass(frozen=True)
class Template:
    """All stacks of an environment together."""

    environment: str
    resources: tuple[Resource, ...]

    def of(self, *types: str) -> Iterator[Resource]:
        return (resource for resource in self.resources if resource.type in types)

    def find(self, stack: str, logical_id: str) -> Resource | None:
        found = (r for r in self.resources if (r.stack, r.id) == (stack, logical_id))
        return next(found, None)


# What all environments of an account share: the registry of images.
DELIVERY = "delivery"


def read(environment: str, folder: Path = SYNTH) -> Template:
    """The templates that `make synth` wrote, of the environment and of what all share.

    Raises `ConfigurationError` when there are none, or when one is no template.
    """
    return parse(environment, stacks(folder / environment) | _stacks(folder / DELIVERY))


def stacks(folder: Path) -> dict[str, Any]:
    """The templates in a folder of `make synth`, by the name of their stack.

    Raises `ConfigurationError` when there are none, or when one is no template.
    """
    found = _stacks(folder)
    if not found:
        raise ConfigurationError(
            f"there are no templates of {folder.name} in {folder}: run `make synth` first"
        )
    return found


def _stacks(folder: Path) -> dict[str, Any]:
    return {f.name.removesuffix(SUFFIX): _load(f) for f in sorted(folder.glob(f"*{SUFFIX}"))}


def parse(environment: str, stacks: dict[str, Any]) -> Template:
    """Templates by the name of their stack."""
    return Template(environment, tuple(resources_of(stacks)))


def resources_of(stacks: Mapping[str, Any]) -> Iterator[Resource]:
    """Every resource of templates by the name of their stack, in their order."""
    for stack, template in stacks.items():
        for logical_id, body in template.get("Resources", {}).items():
            yield Resource(stack, logical_id, body["Type"], body.get("Properties", {}))


def _load(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"{file} is no template: {error}; run `make synth` again"
        ) from None


def reference(value: Any) -> str | None:
    """The logical id that a Ref, a GetAtt or a Join around one names; None for none."""
    if isinstance(value, list):
        return next((name for part in value if (name := reference(part))), None)
    if not isinstance(value, dict) or len(value) != 1:
        return None
    kind, body = next(iter(value.items()))
    if kind == "Ref":
        return str(body)
    if kind == "Fn::GetAtt":
        return str(body[0] if isinstance(body, list) else body.partition(".")[0])
    return reference(body[1]) if kind == "Fn::Join" else None
