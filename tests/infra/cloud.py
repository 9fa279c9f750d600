"""Reading the templates of one environment as one: references are followed across stacks."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Template = dict[str, Any]
PSEUDO = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}


@dataclass(frozen=True)
class Resource:
    """A resource; `properties` have their references followed: each is `stack.id` or
    `stack.id.Attribute` of what it points at.
    """

    stack: str
    id: str
    type: str
    properties: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.stack}.{self.id}"


class Cloud:
    """The stacks of `environment`. Its `templates` may be changed, to see what a check says, unless
    they are `settled`: then what was read once is read no more.
    """

    def __init__(
        self, templates: dict[str, Template], environment: str, *, settled: bool = False
    ) -> None:
        self.environment = environment
        self._settled = settled
        self._known: dict[str, list[Resource]] = {}
        prefix = f"fortress-{environment}-"
        self.templates = {
            name.removeprefix(prefix): deepcopy(template)
            for name, template in templates.items()
            if name.startswith(prefix)
        }

    def of(self, kind: str) -> list[Resource]:
        """All resources of a type, as `AWS::ECS::Service`."""
        if kind not in self._known or not self._settled:
            self._known[kind] = [
                self._resource(stack, name)
                for stack, name, raw in self.raw()
                if raw["Type"] == kind
            ]
        return self._known[kind]

    def raw(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Stack, logical id and resource as written."""
        for stack, template in self.templates.items():
            for name, raw in template["Resources"].items():
                yield stack, name, raw

    def at(self, name: str) -> Resource:
        """What a reference leads to."""
        stack, logical = name.split(".")[:2]
        return self._resource(stack, logical)

    def follow(self, stack: str, value: Any) -> Any:
        """`value` with its references followed."""
        if isinstance(value, list):
            return [self.follow(stack, item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (function, given), *_ = value.items()
            if function in FUNCTIONS:
                return FUNCTIONS[function](self, stack, given)
        return {key: self.follow(stack, item) for key, item in value.items()}

    def _resource(self, stack: str, name: str) -> Resource:
        raw = self.templates[stack]["Resources"][name]
        properties = self.follow(stack, raw.get("Properties", {}))
        return Resource(stack, name, raw["Type"], properties)

    def _reference(self, stack: str, name: str) -> str:
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.templates[stack].get("Parameters", {}):
            return f"{{{name}}}"
        return f"{stack}.{name}"

    def _attribute(self, stack: str, given: list[str]) -> str:
        return ".".join((stack, *given))

    def _import(self, _stack: str, name: str) -> Any:
        for stack, template in self.templates.items():
            for output in template.get("Outputs", {}).values():
                if output.get("Export", {}).get("Name") == name:
                    return self.follow(stack, output["Value"])
        raise KeyError(f"no stack exports {name}")

    def _join(self, stack: str, given: list[Any]) -> str:
        separator, parts = given
        return str(separator).join(str(part) for part in self.follow(stack, parts))

    def _split(self, stack: str, given: list[Any]) -> list[str]:
        separator, text = given
        return [f"{self.follow(stack, text)}|{separator}"]

    def _select(self, stack: str, given: list[Any]) -> str:
        number, parts = given
        found = self.follow(stack, parts)
        return str(found[int(number)]) if int(number) < len(found) else f"{found[0]}|{number}"


FUNCTIONS: dict[str, Callable[[Cloud, str, Any], Any]] = {
    "Ref": Cloud._reference,
    "Fn::GetAtt": Cloud._attribute,
    "Fn::ImportValue": Cloud._import,
    "Fn::Join": Cloud._join,
    "Fn::Split": Cloud._split,
    "Fn::Select": Cloud._select,
}


def attributes(resource: Resource, key: str) -> dict[str, str]:
    """Attributes of a load balancer or target group by name."""
    return {item["Key"]: item["Value"] for item in resource.properties.get(key, [])}


def container(task: Resource) -> dict[str, Any]:
    """The one container of a task definition."""
    (found,) = task.properties["ContainerDefinitions"]
    assert isinstance(found, dict)
    return found


def variables(task: Resource) -> dict[str, str]:
    """What the container of a task definition is told."""
    return {item["Name"]: item["Value"] for item in container(task)["Environment"]}


def tasks(cloud: Cloud) -> dict[str, Resource]:
    """Task definitions by the name of their container."""
    return {container(task)["Name"]: task for task in cloud.of("AWS::ECS::TaskDefinition")}


def services(cloud: Cloud) -> dict[str, Resource]:
    """Services by name."""
    return {found.properties["ServiceName"]: found for found in cloud.of("AWS::ECS::Service")}
