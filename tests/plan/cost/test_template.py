import json
from pathlib import Path
from typing import Any

import pytest

from infra.plan.template import read, reference
from shared.errors import ConfigurationError


def test_templates_that_are_not_there_say_what_makes_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no templates of production .* run `make synth`"):
        read("production", tmp_path)


def test_a_template_that_is_cut_off_says_so(tmp_path: Path) -> None:
    (tmp_path / "production").mkdir()
    (tmp_path / "production" / "a.template.json").write_text('{"Resources": {')
    with pytest.raises(ConfigurationError, match="is no template"):
        read("production", tmp_path)


def test_all_stacks_of_an_environment_and_those_of_delivery_are_read(tmp_path: Path) -> None:
    for folder, name in (("production", "a"), ("production", "b"), ("delivery", "c")):
        (tmp_path / folder).mkdir(exist_ok=True)
        body = {"Resources": {"Thing": {"Type": f"Type::{name}"}}}
        (tmp_path / folder / f"{name}.template.json").write_text(json.dumps(body))
    (tmp_path / "production" / "manifest.json").write_text("{}")
    kinds = [(x.stack, x.type) for x in read("production", tmp_path).resources]
    assert kinds == [("a", "Type::a"), ("b", "Type::b"), ("c", "Type::c")]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"Ref": "Task"}, "Task"),
        ({"Fn::GetAtt": ["Service", "Name"]}, "Service"),
        ({"Fn::GetAtt": "Service.Name"}, "Service"),
        ({"Fn::Join": ["", ["service/", {"Ref": "Cluster"}]]}, "Cluster"),
        ("Task", None),
        ({"a": 1, "b": 2}, None),
    ],
)
def test_a_reference_names_the_resource_that_it_means(value: Any, name: str | None) -> None:
    assert reference(value) == name
