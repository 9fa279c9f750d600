"""An audit entry as the chain has it, and the lines of an export. Pure.

An export is NDJSON, each line in the one spelling of `shared.auth.chain.canonical`:

    {"after":0,"format":"fortress-audit-1","hash":"00…","organisation":"org_…"}
    {"entry":{…,"sequence":1},"hash":"…","personal":{"address":{"salt":"…","value":"192.0.2.1"}}}
    {"hash":"…","missing":2}
    {"head":{…},"key":"…","signature":"…"}

The first line says after which entry the file goes on; `missing` is an entry that the chain has and
the database has not; the last line is the chain's end, signed, and shows that the file is whole.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shared.auth.chain import FORMAT, canonical
from shared.models import AuditEntry, AuditPersonal


def body(row: AuditEntry, organisation: str, sequence: int) -> dict[str, Any]:
    """What is hashed of an entry."""
    return {
        "organisation": organisation,
        "sequence": sequence,
        "id": row.public_id,
        "at": _exactly(row.at),
        "actor": row.actor,
        "action": row.action,
        "target": row.target,
        "before": row.before,
        "after": row.after,
        "request_id": row.request_id,
        "address": row.address,
        "digests": row.digests,
    }


def start_line(organisation: str, after: int, hash_: bytes) -> bytes:
    """The first line of a file that begins behind entry `after`, whose hash is `hash_`."""
    start = {"format": FORMAT, "organisation": organisation, "after": after, "hash": hash_.hex()}
    return canonical(start) + b"\n"


def entry_line(entry: dict[str, Any], hash_: bytes, personal: Iterable[AuditPersonal]) -> bytes:
    """An entry, its hash, and what is personal in it as far as it is still there."""
    line: dict[str, Any] = {"entry": entry, "hash": hash_.hex()}
    shown = {one.name: {"salt": one.salt.hex(), "value": one.value} for one in personal}
    if shown:
        line["personal"] = shown
    return canonical(line) + b"\n"


def missing_line(sequence: int, hash_: bytes) -> bytes:
    """An entry that was sealed and is not there any more."""
    return canonical({"missing": sequence, "hash": hash_.hex()}) + b"\n"


def head_line(head: bytes, key: str, signature: bytes | None) -> bytes:
    """The last line: `head` is what is signed, already canonical."""
    signed = "null" if signature is None else f'"{signature.hex()}"'
    return b'{"head":' + head + f',"key":"{key}","signature":{signed}}}\n'.encode()


def prunable(times: Iterable[datetime | None], cutoff: datetime) -> int:
    """How many entries from the first on are older than `cutoff`; none: the entry is gone already.

    The first that is not ends it: a chain keeps no holes.
    """
    count = 0
    for number, at in enumerate(times, 1):
        if at is not None and at >= cutoff:
            break
        if at is not None:
            count = number
    return count


def _exactly(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
