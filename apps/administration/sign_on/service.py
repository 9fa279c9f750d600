"""Setting an organisation's provider, and proving its mail domains."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.sign_on import repository
from apps.administration.sign_on.errors import (
    ConnectionUnfit,
    DomainTaken,
    DomainThere,
    DomainUnfit,
    NoConnection,
    NoSuchDomain,
    NoSuchLink,
    NotProved,
    TooManyDomains,
)
from apps.administration.sign_on.rules import (
    CHECK_EVERY,
    GRACE,
    MOST_DOMAINS,
    Verdict,
    proves,
    record_of,
    verdict,
)
from apps.administration.sign_on.schemas import Domain, Found, Linked, Wanted
from apps.administration.sso.errors import Refused
from apps.administration.sso.rules import Unfit, host_of, is_domain, issuer_of
from apps.administration.sso.service import check_role
from apps.administration.sso.state import SingleSignOn
from shared.auth import audit
from shared.auth.audit import Origin
from shared.auth.people import Exceeds, UnknownRole, check_grant
from shared.ids import new_secret
from shared.jobs import enqueue
from shared.models import MailDomain, SsoConnection
from shared.telemetry.clean import clean
from shared.web.changes import Change

QUEUE = "mail_domain"
LONGEST_CLIENT_ID = 255
LONGEST_SECRET = 500
# As the audit has whoever is no person and no key.
SYSTEM = "system"


async def connection(session: AsyncSession, org_id: int) -> SsoConnection | None:
    """The provider that is set, if any."""
    return await repository.connection(session, org_id)


async def domains(session: AsyncSession, org_id: int) -> list[Domain]:
    """The organisation's mail domains by name."""
    return [_domain(row) for row in await repository.domains(session, org_id)]


async def linked(session: AsyncSession, org_id: int, issuer: str) -> list[Linked]:
    """The people who come in by the provider."""
    return [
        Linked(link.public_id, name, email, link.linked_at is None, link.last_used_at)
        for link, name, email in await repository.links(session, org_id, issuer)
    ]


async def examine(sso: SingleSignOn, issuer: str) -> Found:
    """Ask a provider for what it says of itself, and its keys. Raises `ProviderFailed`."""
    providers = await sso.providers()
    metadata = await providers.metadata(issuer, fresh=True)
    keys = await providers.keys(metadata, youngest=0.0)
    return Found(
        (
            ("Issuer", metadata.issuer),
            ("People sign in at", host_of(metadata.authorization)),
            ("Keys", str(len(keys.keys))),
            (
                "Mail addresses",
                "also asked for separately" if metadata.userinfo else "in its token",
            ),
            ("Names itself on the way back", "yes" if metadata.says_issuer else "no"),
        )
    )


async def set_connection(
    session: AsyncSession, change: Change, sso: SingleSignOn, wanted: Wanted
) -> None:
    """Set the provider. Another issuer ends all links: they were of the one before. A secret stays
    with the issuer and client id that it was entered for.

    Raises `ConnectionUnfit`; `Exceeds` for a role that may do more than whoever gives it.
    """
    org_id = change.origin.org_id
    await repository.hold(session, org_id)
    row = await repository.connection(session, org_id)
    issuer = _checked(sso, wanted, row)
    await _check_role(session, change, wanted.role)
    before = _values(row) if row is not None else None
    if row is None:
        row = SsoConnection(org_id=org_id, issuer=issuer, client_secret="", created_at=change.now)
    elif row.issuer != issuer:
        await repository.forget_links(session, org_id)
    row.issuer, row.client_id, row.role = issuer, wanted.client_id, wanted.role
    row.enabled, row.enforced = wanted.enabled, wanted.enforced
    row.updated_at = change.now
    session.add(row)
    # Its public id, under which the secret is sealed, is there now.
    await session.flush()
    if wanted.secret:
        row.client_secret = sso.seal(row.public_id, wanted.secret)
    after = _values(row) | ({"client_secret": "changed"} if wanted.secret else {})
    action = "sso.create" if before is None else "sso.update"
    if after != before:
        audit.record(
            session, change.origin, action, row.public_id, at=change.now, before=before, after=after
        )


async def remove_connection(session: AsyncSession, change: Change) -> None:
    """Nobody comes in by it any more, and nobody is linked. Raises `NoConnection`."""
    org_id = change.origin.org_id
    await repository.hold(session, org_id)
    row = await repository.connection(session, org_id)
    if row is None:
        raise NoConnection("no provider is set for this organisation")
    before = _values(row)
    await repository.forget_links(session, org_id)
    await session.delete(row)
    audit.record(session, change.origin, "sso.delete", row.public_id, at=change.now, before=before)


async def unlink(session: AsyncSession, change: Change, public_id: str) -> None:
    """End a link: who comes with the address next is asked by a letter. Raises `NoSuchLink`."""
    row = await repository.link(session, change.origin.org_id, public_id)
    if row is None:
        raise NoSuchLink("this person is not linked any more")
    await session.delete(row)
    before = {"issuer": row.issuer}
    audit.record(session, change.origin, "sso.unlink", public_id, at=change.now, before=before)


async def add_domain(session: AsyncSession, change: Change, typed: str) -> None:
    """A domain to prove. Raises `DomainUnfit`, `DomainThere`, `TooManyDomains`."""
    name = typed.strip().lower().removeprefix("@").removesuffix(".")
    if not is_domain(name):
        raise DomainUnfit(
            "write what follows the @, as in example.com (letters beyond a-z as xn--…)"
        )
    org_id = change.origin.org_id
    await repository.hold(session, org_id)
    there = await repository.domains(session, org_id)
    if any(row.domain == name for row in there):
        raise DomainThere("it is in the list")
    if len(there) >= MOST_DOMAINS:
        raise TooManyDomains(f"an organisation lists at most {MOST_DOMAINS}; remove one first")
    row = MailDomain(org_id=org_id, domain=name, token=new_secret(), created_at=change.now)
    session.add(row)
    await session.flush()
    after = {"domain": name}
    audit.record(
        session, change.origin, "mail_domain.create", row.public_id, at=change.now, after=after
    )


async def asked_for(session: AsyncSession, org_id: int, public_id: str) -> str:
    """The domain's name. Raises `NoSuchDomain`."""
    return (await _find(session, org_id, public_id)).domain


async def prove(session: AsyncSession, change: Change, public_id: str, texts: list[str]) -> None:
    """Take a domain as proved whose TXT records `texts` have its token.

    Raises `NoSuchDomain`, `NotProved`, `DomainTaken`.
    """
    org_id = change.origin.org_id
    row = await _find(session, org_id, public_id)
    row.checked_at = change.now
    if not proves(texts, row.token):
        raise NotProved(
            f"none of the {len(texts)} TXT records of {row.domain} is the one below; it may take"
            " an hour until everybody sees a new one"
        )
    if await repository.is_taken(session, org_id, row.domain):
        raise DomainTaken("it has to be removed there, or its record there has to go, first")
    row.missing_since = None
    if row.proved is None:
        await _prove(session, change, row)


async def remove_domain(session: AsyncSession, change: Change, public_id: str) -> None:
    """People of the domain do not come in by the provider any more. Raises `NoSuchDomain`."""
    row = await _find(session, change.origin.org_id, public_id)
    before = {"domain": row.domain, "proved": row.proved is not None}
    await session.delete(row)
    audit.record(
        session, change.origin, "mail_domain.delete", public_id, at=change.now, before=before
    )


async def due(session: AsyncSession, org_id: int, public_id: str) -> str | None:
    """The name of a domain that is to be looked at again; none where it is not proved any more."""
    row = await repository.domain(session, org_id, public_id)
    return row.domain if row is not None and row.proved is not None else None


async def look_again(
    session: AsyncSession, org_id: int, public_id: str, texts: list[str], now: datetime
) -> None:
    """Note whether a proved domain's record is still there; after `GRACE` without it, it is proved
    no more.
    """
    row = await repository.domain(session, org_id, public_id)
    if row is None or row.proved is None:
        return
    said = verdict(proves(texts, row.token), row.missing_since, now)
    row.checked_at = now
    if said is Verdict.over:
        row.proved = row.proved_at = row.missing_since = None
        origin = Origin(org_id, SYSTEM)
        before = {"domain": row.domain, "proved": True}
        after = {"domain": row.domain, "proved": False, "missing_days": GRACE.days}
        action = "mail_domain.lapse"
        audit.record(session, origin, action, public_id, at=now, before=before, after=after)
        return
    row.missing_since = None if said is Verdict.holds else row.missing_since or now
    await _look_later(session, row, now)


async def _prove(session: AsyncSession, change: Change, row: MailDomain) -> None:
    row.proved, row.proved_at = row.domain, change.now
    try:
        await session.flush()
    except IntegrityError:
        # Of two organisations at once only one has it.
        raise DomainTaken("it was proved there just now") from None
    before, after = ({"domain": row.domain, "proved": proved} for proved in (False, True))
    audit.record(
        session,
        change.origin,
        "mail_domain.prove",
        row.public_id,
        at=change.now,
        before=before,
        after=after,
    )
    await _look_later(session, row, change.now)


async def _look_later(session: AsyncSession, row: MailDomain, now: datetime) -> None:
    due_at = now + CHECK_EVERY
    payload = {"org": row.org_id, "domain": row.public_id}
    key = f"{row.public_id} {due_at:%Y-%m-%dT%H}"
    await enqueue(session, QUEUE, key, payload, now=now, run_after=due_at)


async def _find(session: AsyncSession, org_id: int, public_id: str) -> MailDomain:
    row = await repository.domain(session, org_id, public_id)
    if row is None:
        raise NoSuchDomain("it is not in the list of this organisation any more")
    return row


async def _check_role(session: AsyncSession, change: Change, role: str) -> None:
    try:
        await check_grant(session, change.principal, role)
        await check_role(session, change.origin.org_id, role)
    except (Exceeds, UnknownRole, Refused) as error:
        raise ConnectionUnfit(error.detail, field="role") from None


def _checked(sso: SingleSignOn, wanted: Wanted, row: SsoConnection | None) -> str:
    """The issuer, once every field is fit; `row`: what is stored. Raises `ConnectionUnfit`."""
    try:
        issuer = issuer_of(wanted.issuer, anywhere=sso.anywhere)
    except Unfit as error:
        raise ConnectionUnfit(str(error), field="issuer") from None
    if not (1 <= len(wanted.client_id) <= LONGEST_CLIENT_ID and wanted.client_id.isprintable()):
        raise ConnectionUnfit(
            f"copy the client id from your provider, at most {LONGEST_CLIENT_ID} characters",
            field="client_id",
        )
    # A secret is told to no other issuer than the one that it was entered for.
    kept = row is not None and (row.issuer, row.client_id) == (issuer, wanted.client_id)
    if not (wanted.secret or kept) or len(wanted.secret) > LONGEST_SECRET:
        raise ConnectionUnfit(
            f"copy the client secret from your provider, at most {LONGEST_SECRET} characters",
            field="secret",
        )
    return issuer


def _values(row: SsoConnection) -> dict[str, object]:
    """What the audit shows of a provider: all but the secret."""
    return {
        "issuer": clean(row.issuer),
        "client_id": row.client_id,
        "role": row.role,
        "enabled": row.enabled,
        "enforced": row.enforced,
    }


def _domain(row: MailDomain) -> Domain:
    return Domain(
        id=row.public_id,
        name=row.domain,
        record=record_of(row.token),
        proved=row.proved is not None,
        checked_at=row.checked_at,
        missing_since=row.missing_since,
    )
