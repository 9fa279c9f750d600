"""Routers that belong together."""

from apps.administration.account.pages import router as account
from apps.administration.audit.pages import router as audit_pages
from apps.administration.audit.router import router as audit
from apps.administration.groups.pages import router as groups
from apps.administration.invitations.pages import router as invitations
from apps.administration.keys.pages import router as key_pages
from apps.administration.mail_entry.pages import router as mail_entry
from apps.administration.people.pages import router as people
from apps.administration.privacy.pages import router as privacy
from apps.administration.roles.pages import router as roles
from apps.administration.service_accounts.router import router as service_accounts
from apps.administration.sign_on.pages import router as sign_on
from apps.administration.sso.pages import back as sso_back
from apps.administration.sso.pages import router as sso
from apps.administration.support.pages import router as support

PEOPLE = (
    mail_entry,
    account,
    people,
    groups,
    invitations,
    roles,
    service_accounts,
    key_pages,
)

OVERSIGHT = (audit, audit_pages, privacy, support)
"""Who did what, what is kept of people, and whom an organisation lets in."""

SIGN_ON = (sso, sso_back, sign_on)
"""Coming in by an organisation's own provider, and setting it."""
