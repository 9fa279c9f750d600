"""Resources of templates, and what they point at, across stacks."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra.plan.template import Resource, resources_of
from shared.errors import ConfigurationError

_NONE: Final = object()


class Templates:
    """The templates of one environment, by the name of the stack."""

    def __init__(self, stacks: Mapping[str, Mapping[str, Any]]) -> None:
        self._resources: dict[str, dict[str, Resource]] = {}
        for one in resources_of(stacks):
            self._resources.setdefault(one.stack, {})[one.id] = one
        self._exports = {
            str(output["Export"]["Name"]): (stack, output.get("Value"))
            for stack, template in stacks.items()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def of_type(self, kind: str) -> Iterator[Resource]:
        """All resources of a type, in order of stack and template."""
        for resources in self._resources.values():
            yield from (found for found in resources.values() if found.type == kind)

    def within(self, resource: Resource, key: str, kind: str) -> Resource:
        """The one resource of type `kind` that the property `key` names, however deep."""
        return self.follow(resource, resource.properties.get(key), kind)

    def follow(self, resource: Resource, value: object, kind: str) -> Resource:
        """The one resource of type `kind` that `value`, of `resource`, names."""
        found = {
            (target.stack, target.id): target
            for target in self._named(resource.stack, value)
            if target.type == kind
        }
        if len(found) != 1:
            raise ConfigurationError(
                f"{resource}: it should name one {kind}, it names {len(found)}"
            )
        return next(iter(found.values()))

    def refers(self, resource: Resource, value: object) -> bool:
        """Whether a value of the same stack, or an import of it, names `resource`."""
        return any(named == resource for named in self._named(resource.stack, value))

    def _named(self, stack: str, value: object) -> Iterator[Resource]:
        if isinstance(value, list):
            for item in value:
                yield from self._named(stack, item)
        elif isinstance(value, dict):
            for verb, argument in value.items():
                yield from self._verb(stack, verb, argument)

    def _verb(self, stack: str, verb: str, argument: Any) -> Iterator[Resource]:
        if verb == "Ref" or (verb == "Fn::GetAtt" and isinstance(argument, list)):
            name = argument if verb == "Ref" else argument[0]
            if name in self._resources.get(stack, {}):
                yield self._resources[stack][name]
        elif verb == "Fn::ImportValue" and argument in self._exports:
            yield from self._named(*self._exports[argument])
        else:
            yield from self._named(stack, argument)


def integer(resource: Resource, key: str, default: object = _NONE) -> int:
    """A whole number, which a template may hold as text."""
    return int(number(resource, key, default))


def number(resource: Resource, key: str, default: object = _NONE) -> float:
    """A number, which a template may hold as text."""
    value = resource.properties.get(key, default)
    try:
        return float(value)
    except (TypeError, ValueError):
        said = "is missing" if value is _NONE else f"is {value!r}"
        raise ConfigurationError(f"{resource}: {key} {said}, not a number") from None


def text(resource: Resource, key: str) -> str:
    """A text, empty where there is none."""
    value = resource.properties.get(key, "")
    return value if isinstance(value, str) else ""
