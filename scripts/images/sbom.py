"""A software bill of materials: what is in an image, as CycloneDX 1.6 JSON (pure).

Format: https://cyclonedx.org/docs/1.6/json/. Names are package URLs,
https://github.com/package-url/purl-spec.
"""

from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

Json = dict[str, Any]


def bill(*, image: str, version: str, digest: str, created: str, inventory: Json) -> Json:
    """The document for `image`, whose id is `digest`, from what `inside.inventory` said of it.

    `created` is RFC 3339. The same image and time give the same document.
    """
    subject = {
        "type": "container",
        "bom-ref": image,
        "name": image,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}],
    }
    packages = [_package(item) for item in inventory["packages"]]
    system = [_debian(item, inventory["system"]) for item in inventory["debian"]]
    python = [_python(inventory["python"])] if inventory["python"] else []
    components = [*python, *packages, *system]
    pairs = list(zip(inventory["packages"], packages, strict=True))
    refs = {item["name"]: made["bom-ref"] for item, made in pairs}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{image}@{digest}')}",
        "version": 1,
        "metadata": {"timestamp": created, "component": subject},
        "components": components,
        "dependencies": [
            {"ref": image, "dependsOn": sorted(item["bom-ref"] for item in components)},
            *(
                {
                    "ref": made["bom-ref"],
                    "dependsOn": sorted(refs[name] for name in item["requires"] if name in refs),
                }
                for item, made in pairs
            ),
        ],
    }


def _package(item: Json) -> Json:
    found = _component("library", item["name"], item["version"], "pypi/")
    if item["expression"]:
        found["licenses"] = [{"expression": item["expression"]}]
    elif item["license"]:
        found["licenses"] = [{"license": {"name": item["license"]}}]
    return found


def _debian(item: Json, system: Json) -> Json:
    distribution = f"{system['id']}-{system['version']}" if system["version"] else system["id"]
    found = _component("library", item["name"], item["version"], f"deb/{system['id']}/")
    found["purl"] += f"?arch={item['architecture']}&distro={distribution}"
    found["bom-ref"] = found["purl"]
    if item["source"] != item["name"]:
        found["properties"] = [{"name": "debian:source", "value": item["source"]}]
    return found


def _python(version: str) -> Json:
    return _component("platform", "python", version, "generic/")


def _component(kind: str, name: str, version: str, space: str) -> Json:
    purl = f"pkg:{space}{quote(name, safe='')}@{quote(version, safe='')}"
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}
