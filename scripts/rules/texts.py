"""Comments, sizes, and what goes into a log."""

import ast
import re
from collections.abc import Iterator

from scripts.rules.source import Finding, Source, called, root_name

LONGEST_FILE = 600
LONGEST_FUNCTION = 40
NOQA = re.compile(r"#\s*noqa\b(?P<rest>.*)", re.IGNORECASE)
NOQA_REASON = re.compile(r":\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*\s+-\s+\S+")
IGNORE = re.compile(r"#\s*type:\s*ignore(?P<rest>.*)")
IGNORE_REASON = re.compile(r"\[[\w-]+(,\s*[\w-]+)*\]\s+#\s+\S+")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
OWNED = re.compile(r"\bTODO\([\w-]+\): .*\b(when|once|until|after)\b", re.IGNORECASE)

LOGS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
LOGGERS = re.compile(r"^_?(log|logger|logging)$")
# Names that bytes or text of a peer usually have.
PEER = {"line", "raw", "data", "payload", "body", "chunk", "frame", "packet", "buffer"}


def comments(source: Source) -> Iterator[Finding]:
    """An exception to a check says which and why; unfinished work has an owner."""
    for line, comment in source.comments.items():
        noqa, ignore = NOQA.search(comment), IGNORE.search(comment)
        if noqa and not NOQA_REASON.match(noqa["rest"]):
            yield source.finding(line, "noqa", "write `# noqa: CODE - reason`")
        if ignore and not IGNORE_REASON.match(ignore["rest"]):
            yield source.finding(line, "ignore", "write `# type: ignore[code]  # reason`")
        if UNFINISHED.search(comment) and not OWNED.search(comment):
            yield source.finding(
                line, "unfinished", "finish it, or write `TODO(owner): what, when …`"
            )


def sizes(source: Source) -> Iterator[Finding]:
    """Files up to 600 lines; functions up to 40, their signature and docstring not counted."""
    if len(source.lines) > LONGEST_FILE:
        yield source.finding(1, "size", f"{len(source.lines)} lines, {LONGEST_FILE} at most")
    if source.is_in("migrations/versions"):
        return  # the columns of a table stand in one list
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = _length(node)
            if length > LONGEST_FUNCTION:
                yield source.finding(
                    node.lineno,
                    "size",
                    f"{node.name} has {length} lines, {LONGEST_FUNCTION} at most",
                )


def logs(source: Source) -> Iterator[Finding]:
    """What a peer sent is cleaned before it goes into a log."""
    if source.is_in("tests"):
        return
    for call in source.calls():
        if called(call) in LOGS and LOGGERS.match(_receiver(call)):
            for name in _uncleaned(call):
                yield source.finding(call.lineno, "log", f"log clean({name}), not {name}")


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return (node.end_lineno or first.lineno) - first.lineno + 1


def _receiver(call: ast.Call) -> str:
    """`_log` for `self._log.info(…)`, `log` for `log.info(…)`."""
    value = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    return value.attr if isinstance(value, ast.Attribute) else root_name(value)


def _uncleaned(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and called(child) in {"clean", "len", "type"}:
            continue
        if isinstance(child, ast.Name) and child.id in PEER:
            yield child.id
        elif isinstance(child, ast.Attribute) and child.attr in PEER:
            yield ast.unparse(child)
        else:
            yield from _uncleaned(child)
