"""An app's OpenAPI document is its word: requests made from it, answers held against it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, load_all_checks, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks

from tests.support.http import served

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
EXAMPLES = 10
ANSWER_S = 30


async def check_contract(
    app: FastAPI,
    headers: Mapping[str, str],
    *,
    exclude: Iterable[str] = (),
    examples: int = EXAMPLES,
) -> None:
    """Call every operation of `app` with `examples` made-up valid and as many invalid requests.

    Fails on an answer of 5xx and on one that its OpenAPI document does not describe. The same
    requests are made in every run. `headers` carry an API key; `exclude` names paths that never
    end (event streams).
    """
    document = app.openapi()
    document = {**document, "paths": dict(document["paths"])}
    for path in exclude:
        del document["paths"][path]
    assert document["paths"], "the app has no operations to check"
    load_all_checks()
    schema = schemathesis.openapi.from_dict(document)
    async with served(app) as port:
        base = f"http://127.0.0.1:{port}"
        for found in schema.get_all_operations():
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                check = _checker(_operation(found), mode, base, headers, examples)
                await asyncio.to_thread(check)


def _checker(
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    base: str,
    headers: Mapping[str, str],
    examples: int,
) -> Callable[[], None]:
    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Case[Any]) -> None:
        case.call_and_validate(base, headers=dict(headers), checks=CHECKS, timeout=ANSWER_S)

    return check


def _operation(found: object) -> APIOperation[Any, Any, Any, Any]:
    """What was read of the document; fails with the reason where it is no valid OpenAPI."""
    assert isinstance(found, Ok), found
    operation: APIOperation[Any, Any, Any, Any] = found.ok()
    return operation
