"""Every failure is a problem document."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import DataError, OperationalError

from shared.web.problems import MEDIA_TYPE


def check(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """A whole problem document; returns it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


async def post(http: httpx.AsyncClient, body: bytes, kind: str = "application/json") -> Any:
    return await http.post("/v1/echo", content=body, headers={"Content-Type": kind})


async def test_an_unknown_route(http: httpx.AsyncClient) -> None:
    check(await http.get("/v1/nothing"), 404, "not_found")


async def test_a_method_that_is_not_there(http: httpx.AsyncClient) -> None:
    answer = await http.delete("/v1/bug")
    check(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


async def test_an_expected_failure_says_what_it_knows(http: httpx.AsyncClient) -> None:
    body = check(await http.get("/v1/conflict"), 409, "conflict")
    assert body["existing"] == "dev_1"


async def test_busy_says_when_to_come_again(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/busy")
    check(answer, 429, "too_many")
    assert answer.headers["retry-after"] == "7"


async def test_a_bug_says_nothing_about_itself(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await http.get("/v1/bug", headers={"X-Request-Id": "seen-in-the-log"})
    check(answer, 500, "internal")
    assert "a bug" not in answer.text
    assert "seen-in-the-log" in caplog.text
    assert "RuntimeError: a bug" in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"\xff\xfe{}",
        b'{"name": "\xff"}',
        b'{"name": "x", "weight": NaN}',
        b'{"name": "x", "weight": -Infinity}',
        b'{"name": "x", "weight": 1e999}',
        b'{"name": "x", "more": {"deep": NaN}}',
        b'{"name": "a\\u0000b"}',
        b'{"name": "a\\ud800b"}',
        b'{"name": "x", "more": {"\\u0007": 1}}',
        b'{"name": "x", "more": {"a": ["\\b"]}}',
        b'{"name": "a\nb"}',
        b'{"name": "x", "more": ' + b'{"a":' * 200 + b"1" + b"}" * 201,
        b"[" * 100_000,
        b'{"name": "x", "weight": ' + b"9" * 10_000 + b"}",
    ],
)
async def test_what_is_no_json_is_told_so(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await post(http, body)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "JSON" in answer.text or "required" in answer.text


async def test_a_number_without_end_is_said_without_a_word_about_python(
    http: httpx.AsyncClient,
) -> None:
    answer = await post(http, b'{"name": "x", "weight": ' + b"9" * 10_000 + b"}")
    body = check(answer, 400, "not_json")
    assert body["errors"][0]["message"] == "JSON decode error: a number is too large"


async def test_where_the_json_breaks_is_said(http: httpx.AsyncClient) -> None:
    body = check(await post(http, b'{"name": nope}'), 400, "not_json")
    assert body["errors"] == [{"where": "body.9", "message": "JSON decode error: Expecting value"}]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"{}", "body.name"),
        (b"[]", "body"),
        (b"null", "body"),
        (b'{"name": 1}', "body.name"),
        (b'{"name": "x", "colour": "red"}', "body.colour"),
        (b'{"name": "x", "weight": "heavy"}', "body.weight"),
        (b'{"name": "x", "co\\nl\\u0009": 1}', "body.co\\nl\\t"),
    ],
)
async def test_a_value_that_is_not_acceptable_is_named(
    http: httpx.AsyncClient, body: bytes, where: str
) -> None:
    found = check(await post(http, body), 422, "invalid")
    assert found["errors"][0]["where"] == where


async def test_an_unknown_field_is_told_so_plainly(http: httpx.AsyncClient) -> None:
    body = check(await post(http, b'{"name": "x", "colour": "red"}'), 422, "invalid")
    assert body["detail"] == "body.colour: it is not known here"


async def test_an_unknown_parameter_is_refused_with_those_that_are_known(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.post("/v1/echo?colour=red", json={"name": "x"})
    body = check(answer, 422, "invalid")
    assert body["errors"][0]["where"] == "query.colour"
    assert "known are none" in body["detail"]


async def test_a_body_of_another_type_is_refused(http: httpx.AsyncClient) -> None:
    check(await post(http, b'{"name": "x"}', "text/plain"), 422, "invalid")


async def test_many_errors_are_cut(http: httpx.AsyncClient) -> None:
    fields = ",".join(f'"f{number}": 1' for number in range(500))
    body = check(await post(http, f'{{"name": "x", {fields}}}'.encode()), 422, "invalid")
    assert len(body["errors"]) == 100


async def test_text_with_line_ends_and_any_script_is_fine(http: httpx.AsyncClient) -> None:
    answer = await post(http, '{"name": "a\\n\\tb\\u00e9 日 \\ud83d\\ude00"}'.encode())
    assert answer.json()["name"] == "a\n\tbé 日 😀"


async def test_a_path_with_control_characters_is_just_unknown(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/things/%00%ff%0a")
    assert answer.json() == {"name": "\x00\ufffd\n", "limit": 1}


async def test_a_wrong_query_is_named(http: httpx.AsyncClient) -> None:
    body = check(await http.get("/v1/things/x?limit=0"), 422, "invalid")
    assert body["errors"][0]["where"] == "query.limit"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("x", None, Exception(2013, "gone")), 503, "unavailable"),
        (OperationalError("x", None, Exception(1213, "deadlock")), 503, "unavailable"),
        (OperationalError("x", None, Exception("database is locked")), 503, "unavailable"),
        (DataError("x", None, Exception(1406, "too long")), 422, "invalid"),
        (OperationalError("x", None, Exception(1054, "no such column")), 500, "internal"),
    ],
)
async def test_what_the_database_says_is_told_apart(
    app: FastAPI, http: httpx.AsyncClient, error: Exception, status: int, code: str
) -> None:
    async def fail() -> None:
        raise error

    app.add_api_route("/fail", fail)
    answer = await http.get("/fail")
    check(answer, status, code)
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_without_a_key_it_says_how_to_sign_in(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/made/x")
    check(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
