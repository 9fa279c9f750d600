"""The pages about people: how they come in by mail, who they are, and what they may do."""

from apps.administration.account.pages import router as account
from apps.administration.invitations.pages import router as invitations
from apps.administration.mail_entry.pages import router as mail_entry
from apps.administration.people.pages import router as people
from apps.administration.roles.pages import router as roles

PEOPLE = (mail_entry, account, people, invitations, roles)
