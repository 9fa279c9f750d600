"""Importing devices: the good rows are made, the bad ones reported, in one transaction."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.devices.schemas import DeviceIn
from apps.api.imports import repository
from apps.api.imports.rules import Row, Sheet
from apps.api.imports.schemas import ImportedDevice, ImportOut, RowError
from apps.api.profiles import repository as profiles
from shared.auth import audit
from shared.auth.limits import join_groups
from shared.auth.principal import Sight
from shared.devices import ImeiTaken, new_token
from shared.errors import Conflict
from shared.ids import digest, new_id
from shared.telemetry.clean import clean
from shared.web.changes import Change

KEPT_ERRORS = 20


@dataclass(slots=True)
class _Good:
    line: int
    body: DeviceIn
    profile_id: int | None
    public_id: str = field(default_factory=lambda: new_id("dev"))
    token: str | None = None

    def __post_init__(self) -> None:
        if self.imei is None:
            self.token = new_token()

    @property
    def imei(self) -> str | None:
        """Its number, if it is a tracker."""
        return self.body.uid if self.body.transport == "teltonika" else None


class _BadRowError(Exception):
    """Why a row is left out."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


async def run(session: AsyncSession, change: Change, sheet: Sheet, *, dry_run: bool) -> ImportOut:
    """Make a device of every good row, unless it is a dry run, and report the others.

    Raises `Conflict` when another request took one of the uids meanwhile.
    """
    good, errors = await _sort_out(session, change.principal.sight, sheet.rows)
    if not dry_run and good:
        try:
            numbers = await _make(session, change, good)
            join_groups(session, change.principal.sight, numbers)
        except IntegrityError:
            raise Conflict("another request registered one of the uids; try again") from None
        change.tell_ingest(item.public_id for item in good)
    return ImportOut(
        dry_run=dry_run,
        rows=len(sheet.rows),
        created=len(good),
        errors=sorted(errors, key=lambda error: error.line),
        ignored_columns=[clean(name) for name in sheet.ignored],
        devices=[_shown(item, dry_run) for item in good],
    )


def summary(made: ImportOut) -> ImportOut:
    """What is kept for a repeated request: the counts and some errors, no secrets."""
    return made.model_copy(update={"devices": [], "errors": made.errors[:KEPT_ERRORS]})


async def _sort_out(
    session: AsyncSession, sight: Sight, rows: list[Row]
) -> tuple[list[_Good], list[RowError]]:
    org_id = sight.org_id
    named = await profiles.every(session, org_id)
    known = {profile.name: profile.id for profile in named}
    known |= {profile.public_id: profile.id for profile in named}
    good: list[_Good] = []
    errors: list[RowError] = []
    lines: dict[str, int] = {}
    for row in rows:
        try:
            item = _check(row, known, lines)
        except _BadRowError as wrong:
            errors.append(_error(row.line, row.values.get("uid"), wrong.code, str(wrong)))
        else:
            lines[item.body.uid] = row.line
            good.append(item)
    taken = await repository.taken_uids(session, org_id, lines)
    # Who sees some devices only is not told which one has a uid.
    which = "the device {}" if sight.groups is None else "another device"
    errors += [
        _error(lines[uid], uid, "uid_taken", f"{which.format(device)} has this uid")
        for uid, device in taken.items()
    ]
    good = [item for item in good if item.body.uid not in taken]
    elsewhere = await repository.taken_imeis(session, [item.imei for item in good if item.imei])
    errors += [_error(lines[imei], imei, ImeiTaken.code, ImeiTaken().detail) for imei in elsewhere]
    return [item for item in good if item.imei not in elsewhere], errors


def _check(row: Row, profiles_known: dict[str, int], lines: dict[str, int]) -> _Good:
    if row.problem is not None:
        raise _BadRowError("bad_row", row.problem)
    try:
        body = DeviceIn.model_validate(row.values)
    except ValidationError as error:
        raise _BadRowError("invalid", _sentence(error)) from None
    if body.uid in lines:
        raise _BadRowError("uid_twice", f"line {lines[body.uid]} has this uid already")
    if body.profile is None:
        return _Good(row.line, body, None)
    if body.profile not in profiles_known:
        raise _BadRowError("unknown_profile", "profile: there is none with this name or id")
    return _Good(row.line, body, profiles_known[body.profile])


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return clean(f"{where}: {first['msg'].removeprefix('Value error, ')}")


def _error(line: int, uid: Any, code: str, detail: str) -> RowError:
    shown = clean(uid) if isinstance(uid, str) else None
    return RowError(line=line, uid=shown, code=code, detail=detail)


async def _make(session: AsyncSession, change: Change, good: list[_Good]) -> list[int]:
    """The numbers of the new devices."""
    org_id = change.origin.org_id
    now = change.now
    rows = [_row(item, org_id, now) for item in good]
    numbers = await repository.add_devices(session, org_id, rows)
    of = [(numbers[item.public_id], item) for item in good]
    await repository.add_rest(
        session,
        [{"device_id": number, "org_id": org_id} for number, _ in of],
        [
            {
                "org_id": org_id,
                "device_id": number,
                "token_hash": digest(item.token),
                "created_at": now,
            }
            for number, item in of
            if item.token is not None
        ],
        [
            {"org_id": org_id, "tag": tag, "device_id": number}
            for number, item in of
            for tag in item.body.tags
        ],
    )
    created = {item.public_id: item.body.model_dump(mode="json") for item in good}
    await audit.record_all(session, change.origin, "device.import", created, at=now)
    return list(numbers.values())


def _row(item: _Good, org_id: int, now: datetime) -> dict[str, Any]:
    return {
        "public_id": item.public_id,
        "org_id": org_id,
        "uid": item.body.uid,
        "name": item.body.name,
        "profile_id": item.profile_id,
        "disabled": False,
        "imei": item.imei,
        "networks": item.body.networks if item.imei else None,
        "gone": 0,
        "created_at": now,
        "updated_at": now,
    }


def _shown(item: _Good, dry_run: bool) -> ImportedDevice:
    return ImportedDevice(
        line=item.line,
        uid=item.body.uid,
        id=None if dry_run else item.public_id,
        token=None if dry_run else item.token,
    )
