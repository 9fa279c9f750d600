"""Queries on a tenant's tables go through `scoped`, or say why not."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scripts.rules.source import Finding, Source, called, root_name

Function = ast.FunctionDef | ast.AsyncFunctionDef
STATEMENTS = {"select", "update", "delete", "select_from", "exists"}
REASON = re.compile(r"#\s*unscoped: \S+")
SQL = re.compile(r"\b(?:from|join|update|into)\s+`?(\w+)", re.IGNORECASE)


@dataclass(frozen=True)
class Tenancy:
    """The models that have an `org_id`, and the names of their tables."""

    models: frozenset[str]
    tables: frozenset[str]


def tenancy(files: Sequence[Source]) -> Tenancy:
    """What belongs to an organisation, as shared/models says."""
    classes = [
        node
        for source in files
        if source.is_in("shared/models")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and _has_org(node)
    ]
    return Tenancy(
        frozenset(node.name for node in classes),
        frozenset(table for node in classes if (table := _table(node))),
    )


def queries(source: Source, tenants: Tenancy) -> Iterator[Finding]:
    """Each statement on a tenant's table is inside `scoped(…)` or has `# unscoped: reason`."""
    if not source.is_in("apps", "shared"):
        return
    names = tenants.models | _aliases(source, tenants.models)
    for call in source.calls():
        found = _entity(call, names) or _raw(call, tenants.tables)
        if found and not _is_scoped(source, call) and not _has_reason(source, call):
            yield source.finding(
                call.lineno,
                "tenant",
                f"{called(call)} of {found} goes round scoped(); "
                "scope it, or write `# unscoped: reason`",
            )


def _has_org(node: ast.ClassDef) -> bool:
    return any(
        isinstance(item, ast.AnnAssign)
        and isinstance(item.target, ast.Name)
        and item.target.id == "org_id"
        for item in node.body
    )


def _table(node: ast.ClassDef) -> str:
    for item in node.body:
        if (
            isinstance(item, ast.Assign)
            and root_name(item.targets[0]) == "__tablename__"
            and isinstance(item.value, ast.Constant)
        ):
            return str(item.value.value)
    return ""


def _aliases(source: Source, models: frozenset[str]) -> set[str]:
    """Names given to a model's alias or table: `table = Device.__table__`."""
    return {
        node.targets[0].id
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and _stands_for(node.value, models)
    }


def _stands_for(value: ast.expr, models: frozenset[str]) -> bool:
    if isinstance(value, ast.Attribute):
        return value.attr == "__table__" and root_name(value) in models
    return (
        isinstance(value, ast.Call)
        and called(value) in {"aliased", "cast", "table_of"}
        and any(root_name(argument) in models for argument in value.args)
    )


def _entity(call: ast.Call, models: frozenset[str]) -> str:
    """The tenant's model that a statement, or a session's `get`, is of."""
    name = called(call)
    if name in STATEMENTS or (name == "get" and "session" in root_name(call.func).lower()):
        for argument in call.args:
            for node in (argument, *_arguments(argument)):
                if root_name(node) in models:
                    return root_name(node)
    return ""


def _arguments(node: ast.expr) -> list[ast.expr]:
    """`Device.id` in `func.count(Device.id)`."""
    return list(node.args) if isinstance(node, ast.Call) and root_name(node) == "func" else []


def _raw(call: ast.Call, tables: frozenset[str]) -> str:
    """The tenant's table that the SQL of `text(…)` reads or changes without `org_id`."""
    if called(call) != "text" or not call.args:
        return ""
    parts = [
        node.value
        for node in ast.walk(call.args[0])
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    sql = "".join(parts)
    if "org_id" in sql:
        return ""
    return next((table for table in SQL.findall(sql) if table in tables), "")


def _is_scoped(source: Source, call: ast.Call) -> bool:
    """Inside `scoped(…)`, or given a name in this function that goes nowhere else."""
    name = ""
    for node in source.above(call):
        if isinstance(node, ast.Call) and called(node) == "scoped":
            return True
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return bool(name) and _only_goes_to_scoped(source, node, name)
    return False


def _only_goes_to_scoped(source: Source, function: Function, name: str) -> bool:
    """Until the function gives the name to what `scoped` returns: `query = scoped(org, query)`."""
    ends = [
        node.end_lineno or node.lineno
        for node in function.body
        if isinstance(node, ast.Assign)
        and root_name(node.targets[0]) == name
        and _scopes(node.value)
    ]
    uses = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        if not ends or node.lineno <= ends[0]
    ]
    return bool(uses) and all(
        any(_scopes(node) or _gives_again(node, name) for node in source.above(use)) for use in uses
    )


def _scopes(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and called(node) == "scoped"


def _gives_again(node: ast.AST, name: str) -> bool:
    """`query = query.where(…)`."""
    return (
        isinstance(node, ast.Assign)
        and root_name(node.targets[0]) == name
        and not isinstance(node.value, ast.Await)
    )


def _has_reason(source: Source, call: ast.Call) -> bool:
    """On a line of the call's beginning, or alone on the line above."""
    name = call.func.end_lineno or call.lineno
    lines = [call.lineno, name, call.end_lineno or name]
    if source.lines[call.lineno - 2 : call.lineno - 1] and source.lines[
        call.lineno - 2
    ].lstrip().startswith("#"):
        lines.append(call.lineno - 1)
    return any(REASON.search(source.comments.get(line, "")) for line in lines)
