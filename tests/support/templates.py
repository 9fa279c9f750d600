"""Asking synthesised templates."""

from typing import Any

Template = dict[str, Any]
Templates = dict[str, Template]
Properties = dict[str, Any]


def by_id(template: Template, kind: str) -> dict[str, Properties]:
    """Properties of every resource of a type, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def every(template: Template, kind: str) -> list[Properties]:
    """Properties of every resource of a type."""
    return list(by_id(template, kind).values())


def only(template: Template, kind: str) -> Properties:
    """Properties of the only resource of a type."""
    (found,) = every(template, kind)
    return found


def attributes(properties: Properties, name: str) -> dict[str, Any]:
    """Pairs of Key and Value as a dictionary."""
    return {pair["Key"]: pair["Value"] for pair in properties[name]}


def statements(template: Template) -> list[dict[str, Any]]:
    """Every statement of every policy of a role."""
    return [
        statement
        for policy in every(template, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
    ]
