"""Transactions: who commits, and which routes may write."""

import ast
from collections.abc import Iterator

from scripts.rules.source import Finding, Source, called

# The unit of work is the edge where everything is committed. A migration is its own edge: its
# connection is none of the pool's and has no unit of work.
COMMITS = {"shared/db/unit_of_work.py", "migrations/run.py"}
SAFE = {"get", "head", "options"}
UNSAFE = {"post", "put", "patch", "delete"}
READS = ("ReadSession", "AsyncReadSession")
WRITES = ("WriteSession", "AsyncSession")


def commits(source: Source) -> Iterator[Finding]:
    """`commit()` only at the edge; inner code flushes. One with arguments is another thing."""
    if source.path in COMMITS or source.is_in("tests"):
        return
    for call in source.calls():
        if called(call) == "commit" and not call.args:
            yield source.finding(
                call.lineno, "commit", "only the unit of work commits: flush, or open one"
            )


def routes(source: Source) -> Iterator[Finding]:
    """Unsafe methods take a WriteSession, safe ones a ReadSession."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            methods = {_method(decorator) for decorator in node.decorator_list}
            taken = _types(node.args)
            if methods & SAFE and taken & {*WRITES}:
                yield source.finding(
                    node.lineno, "route", f"{node.name} is safe: take a ReadSession"
                )
            if methods & UNSAFE and taken & {*READS}:
                yield source.finding(
                    node.lineno, "route", f"{node.name} changes something: take a WriteSession"
                )


def relationships(source: Source) -> Iterator[Finding]:
    """Nothing is loaded behind the reader's back."""
    for call in source.calls():
        if called(call) == "relationship" and not any(map(_raises, call.keywords)):
            yield source.finding(call.lineno, "relationship", 'say lazy="raise"')


def _method(decorator: ast.expr) -> str:
    """`get` for `@router.get("/…")`, which a path tells from `mapping.get(key)`."""
    if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
        return ""
    return decorator.func.attr


def _types(arguments: ast.arguments) -> set[str]:
    """Every name in the annotations of the arguments."""
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return {
        node.id
        for argument in every
        if argument.annotation is not None
        for node in ast.walk(argument.annotation)
        if isinstance(node, ast.Name)
    }


def _raises(keyword: ast.keyword) -> bool:
    return (
        keyword.arg == "lazy"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value == "raise"
    )
