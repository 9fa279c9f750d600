import json
from typing import Any

from scripts.images.inside.inventory import debian, normal
from scripts.images.sbom import bill

STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.41-12
Description: GNU C Library
 Version: not a field

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

Package: base-files
Status: install ok installed
Architecture: amd64
Version: 13.8+deb13u1
"""
PACKAGES = [
    {
        "name": "sqlalchemy",
        "version": "2.1.9",
        "expression": "MIT",
        "license": "",
        "requires": ["greenlet", "typing-extensions"],
    },
    {
        "name": "greenlet",
        "version": "3.5.6",
        "expression": "",
        "license": "MIT AND PSF-2.0 ",
        "requires": [],
    },
]


def document(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "image": "fortress/api",
        "version": "0.1.0",
        "digest": "sha256:" + "ab" * 32,
        "created": "2026-01-01T00:00:00Z",
        "inventory": {
            "python": "3.13.5",
            "system": {"id": "debian", "version": "13"},
            "packages": PACKAGES,
            "debian": debian(STATUS),
        },
    }
    return bill(**(given | changes))


def components() -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in document()["components"]}


def test_what_dpkg_has_removed_is_not_there() -> None:
    assert [(item["name"], item["version"]) for item in debian(STATUS)] == [
        ("base-files", "13.8+deb13u1"),
        ("libc6", "2.41-12"),
    ]


def test_every_package_is_named_with_its_address() -> None:
    assert {name: item["purl"] for name, item in components().items()} == {
        "python": "pkg:generic/python@3.13.5",
        "sqlalchemy": "pkg:pypi/sqlalchemy@2.1.9",
        "greenlet": "pkg:pypi/greenlet@3.5.6",
        "base-files": "pkg:deb/debian/base-files@13.8%2Bdeb13u1?arch=amd64&distro=debian-13",
        "libc6": "pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13",
    }


def test_a_licence_is_an_expression_only_where_its_author_says_so() -> None:
    found = components()
    assert found["sqlalchemy"]["licenses"] == [{"expression": "MIT"}]
    assert found["greenlet"]["licenses"] == [{"license": {"name": "MIT AND PSF-2.0 "}}]
    assert "licenses" not in found["libc6"]


def test_dependencies_are_of_what_is_in_the_image() -> None:
    made = document()
    depends = {item["ref"]: item["dependsOn"] for item in made["dependencies"]}
    assert depends["pkg:pypi/sqlalchemy@2.1.9"] == ["pkg:pypi/greenlet@3.5.6"]
    assert len(depends["fortress/api"]) == len(made["components"])


def test_references_are_unique_and_known() -> None:
    made = document()
    known = [item["bom-ref"] for item in made["components"]]
    assert len(known) == len(set(known))
    assert {item["ref"] for item in made["dependencies"]} <= {*known, "fortress/api"}


def test_the_same_image_has_the_same_bill() -> None:
    assert json.dumps(document()) == json.dumps(document())
    assert document()["serialNumber"] != document(digest="sha256:" + "cd" * 32)["serialNumber"]


def test_the_form_is_cyclonedx() -> None:
    made = document()
    assert (made["bomFormat"], made["specVersion"], made["version"]) == ("CycloneDX", "1.6", 1)
    assert made["metadata"]["component"]["type"] == "container"


def test_an_image_without_python_lists_debian_alone() -> None:
    inventory = {
        "python": "",
        "system": {"id": "debian", "version": ""},
        "packages": [],
        "debian": debian(STATUS),
    }
    made = document(inventory=inventory)
    assert [item["name"] for item in made["components"]] == ["base-files", "libc6"]
    assert made["components"][1]["purl"].endswith("distro=debian")


def test_names_are_written_as_indexes_do() -> None:
    assert normal("Typing_Extensions.More--x") == "typing-extensions-more-x"
