"""Each of the project's own rules finds what it is for, and nothing else."""

from textwrap import dedent

import pytest

from scripts.rules.check import check
from scripts.rules.source import Source, sources

MODELS = Source(
    "shared/models/fleet.py",
    dedent(
        """
        class Device(Base):
            __tablename__ = "device"
            org_id: Mapped[int] = mapped_column(BigId)

        class Organisation(Base):
            __tablename__ = "organisation"
        """
    ),
)


def broken(text: str, path: str = "apps/api/devices/repository.py") -> list[str]:
    """The rules that `text` breaks, in order of lines."""
    return [finding.rule for finding in check([MODELS, Source(path, dedent(text))])]


def test_every_file_of_the_project_is_looked_at() -> None:
    paths = {source.path for source in sources()}
    assert paths >= {"tests/lint/test_rules.py", "shared/db/scope.py", "migrations/run.py"}


def test_a_finding_says_where_and_what_to_do() -> None:
    found = check([Source("apps/api/a.py", "async def f(s):\n    await s.commit()\n")])
    assert [str(finding) for finding in found] == [
        "apps/api/a.py:2: commit: only the unit of work commits: flush, or open one"
    ]


@pytest.mark.parametrize(
    ("path", "rules"),
    [
        ("apps/api/devices/service.py", ["commit"]),
        ("shared/jobs/worker.py", ["commit"]),
        ("shared/db/unit_of_work.py", []),
        ("migrations/run.py", []),
        ("tests/api/test_devices.py", []),
    ],
)
def test_only_the_unit_of_work_commits(path: str, rules: list[str]) -> None:
    assert broken("async def f(session):\n    await session.commit()\n", path) == rules


@pytest.mark.parametrize(
    ("method", "session", "rules"),
    [
        ("get", "ReadSession", []),
        ("get", "WriteSession", ["route"]),
        ("get", "AsyncSession", ["route"]),
        ("post", "WriteSession", []),
        ("post", "ReadSession", ["route"]),
        ("delete", "Annotated[AsyncReadSession, Depends(read)]", ["route"]),
    ],
)
def test_routes_take_the_session_of_their_method(
    method: str, session: str, rules: list[str]
) -> None:
    text = f"""
    @router.{method}("/devices")
    async def route(session: {session}) -> None: ...
    """
    assert broken(text, "apps/api/devices/router.py") == rules


@pytest.mark.parametrize(
    ("arguments", "rules"),
    [("", ["relationship"]), ('lazy="select"', ["relationship"]), ('lazy="raise"', [])],
)
def test_relationships_raise_instead_of_loading(arguments: str, rules: list[str]) -> None:
    assert broken(f"tags = relationship({arguments})", "shared/models/other.py") == rules


@pytest.mark.parametrize(
    "text",
    [
        "q = select(Device)",
        "q = select(Device.id).where(Device.org_id == 1)",
        "q = select(func.count(Device.id))",
        "q = select(func.count()).select_from(Device)",
        "q = sa.update(Device).values(name='')",
        "q = delete(models.Device if False else Device.id)\nr = delete(Device)",
        "table = Device.__table__\nq = select(table)",
        "other = aliased(Device)\nq = select(other.id)",
        "async def f(session):\n    return await session.get(Device, 1)",
        "q = text('SELECT id FROM device WHERE id = 1')",
        "q = text(f'UPDATE device SET name = {name}')",
        "q = select(Device)  # unscoped:",
        "def f(session):\n    q = select(Device)\n    return session.scalars(q)",
        (
            "async def f(session):\n    q = select(Device)\n    if session:\n"
            "        q = scoped(1, q)\n    return await session.scalars(q)"
        ),
        (
            "async def f(session):\n    q = select(Device)\n    q = await session.scalars(q)\n"
            "    return scoped(1, q)"
        ),
    ],
)
def test_a_query_that_goes_round_the_tenant_is_found(text: str) -> None:
    assert broken(text) == ["tenant"]


@pytest.mark.parametrize(
    "text",
    [
        "q = scoped(org, select(Device))",
        "q = scoped(org, select(Device).where(Device.id.in_(select(Device.id))))",
        "q = select(Organisation)",
        "q = select(Device)  # unscoped: the credential names the organisation",
        "# unscoped: the credential names the organisation\nq = select(Device)",
        "q = (\n    select(Device)  # unscoped: by its own number\n    .where(Device.id == 1)\n)",
        "q = text('SELECT id FROM device WHERE org_id = :org')",
        "def f():\n    q = select(Device)\n    q = q.where(Device.id > 1)\n    return scoped(1, q)",
        "name = mapping.get(Device, 1)",
        (
            "async def f(session):\n    q = select(Device)\n    q = scoped(1, q)\n"
            "    return await session.scalars(q)"
        ),
    ],
)
def test_a_query_of_one_tenant_passes(text: str) -> None:
    assert broken(text) == []


@pytest.mark.parametrize(
    ("comment", "rules"),
    [
        ("# noqa", ["noqa"]),
        ("# noqa: S608", ["noqa"]),
        ("# noqa: S608 - constants only", []),
        ("# noqa: S608, E501 - constants only", []),
        ("# type: ignore", ["ignore"]),
        ("# type: ignore[arg-type]", ["ignore"]),
        ("# type: ignore[arg-type]  # pydantic checks it", []),
        ("# TODO: later", ["unfinished"]),
        ("# FIXME", ["unfinished"]),
        ("# TODO(platform): drop the shim once 3.12 is the oldest Python", []),
    ],
)
def test_an_exception_says_which_and_why(comment: str, rules: list[str]) -> None:
    assert broken(f"x = 1  {comment}\n") == rules


@pytest.mark.parametrize(("lines", "rules"), [(40, []), (41, ["size"])])
def test_functions_have_up_to_forty_lines(lines: int, rules: list[str]) -> None:
    docstring = '    """What it does.\n\n    At length.\n    """\n'
    assert broken("def f():\n" + docstring + "    x = 1\n" * lines) == rules


@pytest.mark.parametrize(("lines", "rules"), [(600, []), (601, ["size"])])
def test_files_have_up_to_six_hundred_lines(lines: int, rules: list[str]) -> None:
    assert broken("x = 1\n" * lines) == rules


@pytest.mark.parametrize(
    ("call", "rules"),
    [
        ('log.warning("bad line %s", line)', ["log"]),
        ('log.warning("bad line %s", clean(line))', []),
        ('log.info("%s bytes", len(line))', []),
        ('self._log.info(f"got {message.payload}")', ["log"]),
        ('log.info("device %s", device_id)', []),
        ("math.log(data)", []),
    ],
)
def test_peer_text_is_cleaned_before_it_is_logged(call: str, rules: list[str]) -> None:
    assert broken(call) == rules
