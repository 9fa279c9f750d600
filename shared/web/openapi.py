"""The OpenAPI document of an app: its failures are problem documents, and say so."""

from typing import Any

from fastapi import FastAPI

PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "What went wrong, as RFC 9457 has it.",
    "type": "object",
    "properties": {
        "type": {"type": "string", "description": "always about:blank; `code` tells them apart"},
        "title": {"type": "string", "description": "the same for every occurrence"},
        "status": {"type": "integer", "description": "the HTTP status"},
        "code": {"type": "string", "description": "stable, for machines"},
        "detail": {"type": "string", "description": "about this occurrence"},
        "request_id": {"type": ["string", "null"], "description": "finds the log lines"},
        "errors": {
            "type": "array",
            "description": "each value that is not acceptable, and where it stands",
            "items": {
                "type": "object",
                "properties": {"where": {"type": "string"}, "message": {"type": "string"}},
                "required": ["where", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "examples": [
        {
            "type": "about:blank",
            "title": "There is no such thing here",
            "status": 404,
            "code": "not_found",
            "detail": "there is no device dev_01JD3V3Q8X0000000000000000",
            "request_id": "req_01JD3V3Q8X0000000000000000",
        }
    ],
}

# For `responses=` of an app or a route. With "default" declared, FastAPI adds no 422 of its own.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem: why the request was not carried out.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
}


def failures(descriptions: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route: what each failing status means there."""
    content = PROBLEMS["default"]["content"]
    return {
        status: {"description": text, "content": content} for status, text in descriptions.items()
    }


# For `failures` of a route that depends on `fresh()`.
NOT_FRESH = {
    403: "Not permitted, or a person showed no factor lately: the code is `fresh_sign_in_needed`."
}


def install(app: FastAPI) -> None:
    """Put the shape of problem documents into the OpenAPI document of `app`."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents
