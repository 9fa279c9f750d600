"""`fortress audit`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.output import Json, complain, document, examples, say
from shared.auth.signing import is_key
from shared.auth.verify import LONGEST_LINE, Broken, CutOff, Link, Verified, verify
from shared.errors import Invalid
from shared.telemetry.clean import clean

BROKEN, CUT_OFF, UNUSABLE = 1, 3, 2
HASH_DIGITS = 64
UNPINNED = (
    "Only the inner consistency was checked: a file that was forged as a whole looks the same. Name"
    " the key of the page /audit with --key to know who signed."
)

app = typer.Typer(help="The audit.", no_args_is_help=True, rich_markup_mode="rich")


@app.command(
    "verify",
    epilog=examples(
        "fortress audit verify audit-20251121T160000Z.ndjson",
        "fortress audit verify october.ndjson november.ndjson --key 3d40…",
        "fortress audit verify november.ndjson --follows 9f86… --json",
    ),
)
def verify_files(
    files: Annotated[
        list[Path], typer.Argument(help="Exports of the audit, each going on where the last ends.")
    ],
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="The public key that has to have signed; see the page /audit. Again for another:"
            " exports from before FORTRESS_SECRET was changed have the key of that time."
        ),
    ] = None,
    follows: Annotated[str, typer.Option(help="The hash that an earlier export ended with.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Check that nothing in an exported audit was changed, removed, added or put elsewhere.

    Works without a network and without the service. Exit code 0: all of it holds. 1: the first
    line that is wrong is named. 2: a file cannot be read. 3: what is there holds, but the end is
    missing. Without --key only that it is consistent within itself is checked: whoever forges a
    whole file signs it with a key of their own. The JSON says so with "pinned": false.
    """
    keys = key or []
    _check_options(keys, follows)
    before: Link | str | None = follows or None
    done: list[Verified] = []
    for file in files:
        done.append(_one(file, before, keys, as_json=as_json))
        before = done[-1].end
    _show(files, done, as_json=as_json, pinned=bool(keys))


def _check_options(keys: list[str], follows: str) -> None:
    if not all(is_key(key) for key in keys):
        raise Invalid("--key: a public key has 64 hex digits; the page /audit shows it")
    if follows and (len(follows) != HASH_DIGITS or not is_key(follows)):
        raise Invalid("--follows: a hash has 64 hex digits; verifying the earlier file prints it")


def _one(file: Path, before: Link | str | None, keys: list[str], *, as_json: bool) -> Verified:
    """Raises `typer.Exit` with what is wrong said."""
    try:
        return verify(_lines(file), follows=before, key=keys)
    except OSError as error:
        complain(f"{clean(str(file))} cannot be read: {clean(error.strerror or str(error))}")
        raise typer.Exit(UNUSABLE) from None
    except Broken as broken:
        why = clean(broken.why, 500)
        if as_json:
            document({"holds": False, "file": str(file), "line": broken.line, "why": why})
        complain(f"{clean(str(file))}, line {broken.line}: {why}")
        raise typer.Exit(CUT_OFF if isinstance(broken, CutOff) else BROKEN) from None


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while line := opened.readline(LONGEST_LINE):
            yield line


def _show(files: list[Path], done: list[Verified], *, as_json: bool, pinned: bool) -> None:
    entries, erased = sum(one.entries for one in done), sum(one.erased for one in done)
    first, last = done[0].start, done[-1].end
    if as_json:
        document(_facts(files, done, pinned=pinned))
        return
    count = "1 entry" if entries == 1 else f"{entries} entries"
    which = f"{count} of {last.organisation}, {first.sequence + 1} to {last.sequence}"
    none = f"No entries of {last.organisation}; the chain holds."
    say(f"{which}: each is what it was, none is missing." if entries else none)
    if erased:
        say(f"{erased} personal values were erased; their digests are in place.")
    say(f"The chain ends with {last.hash}; a later export follows it.")
    if pinned:
        say(f"Signed by {done[-1].key}, which you named.")
        return
    if done[-1].key is not None:
        say(f"Signed by {done[-1].key}, the key in the file. Compare it with the page /audit.")
    say(UNPINNED)


def _facts(files: list[Path], done: list[Verified], *, pinned: bool) -> dict[str, Any]:
    return {
        "holds": True,
        "pinned": pinned,
        "organisation": done[-1].end.organisation,
        "entries": sum(one.entries for one in done),
        "erased": sum(one.erased for one in done),
        "first": done[0].start.sequence + 1,
        "last": done[-1].end.sequence,
        "head": done[-1].end.hash,
        "key": done[-1].key,
        "files": [str(file) for file in files],
    }
