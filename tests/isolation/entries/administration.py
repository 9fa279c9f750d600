"""Every route of administration."""

from tests.isolation.entries.common import common
from tests.isolation.entries.entry import entry
from tests.isolation.entry import PUBLIC, SIGNED_IN, Entries

entries = Entries("administration")
common(entries)
entry(entries)

entries.get("/v1/organisations", "organisation:read")
entries.get("/v1/organisations/{organisation_id}", "organisation:read")
entries.patch(
    "/v1/organisations/{organisation_id}",
    "organisation:write",
    json=lambda _: {"name": "another name"},
)
entries.get("/v1/keys", "keys:read")
entries.post(
    "/v1/keys",
    "keys:write",
    expect=201,
    json=lambda of: {"name": "another", "scopes": ["keys:write"], "service_account": of.account},
)
entries.get("/v1/keys/{key_id}", "keys:read")
entries.delete("/v1/keys/{key_id}", "keys:write")
ACCOUNTS = "/v1/service-accounts"
entries.get(ACCOUNTS, "keys:read")
entries.post(ACCOUNTS, "keys:write", expect=201, json=lambda _: {"name": "another"})
entries.get(f"{ACCOUNTS}/{{account_id}}", "keys:read")
entries.patch(f"{ACCOUNTS}/{{account_id}}", "keys:write", json=lambda _: {"disabled": True})
entries.post("/keys/accounts/{account_id}/disable", "keys:write", expect=303)
entries.post("/keys/accounts/{account_id}/enable", "keys:write", expect=303)
entries.get("/keys", "keys:read")
entries.get("/keys/new", "keys:write")
entries.post("/keys", "keys:write", form=lambda _: {"name": "a", "scope:devices:read": "on"})
entries.post("/keys/{key_id}/revoke", "keys:write", expect=303)
entries.get("/v1/audit", "audit:read")
entries.get("/v1/audit/{entry_id}", "audit:read")

# In development only, for mail that goes to a folder.
entries.get("/letters", PUBLIC)
entries.get("/letters/{name}", PUBLIC, where={"name": lambda _: "none.eml"}, expect=404)

entries.get("/v1/audit/chain", "audit:read")
entries.get("/v1/audit/export", "audit:read")
entries.get("/audit", "audit:read")
entries.get("/audit/keep", "organisation:write")
entries.post("/audit/keep", "organisation:write", expect=303, form=lambda _: {"days": "400"})

ROLE = {"name": "a role", "permission:devices:read": "on"}
entries.get("/roles", "organisation:read")
entries.get("/roles/new", "roles:write")
entries.post("/roles", "roles:write", expect=303, form=lambda _: ROLE)
entries.get("/roles/{role_id}", "roles:write")
entries.post("/roles/{role_id}", "roles:write", expect=303, form=lambda _: ROLE)
entries.post("/roles/{role_id}/delete", "roles:write", expect=303)

entries.get("/people", "people:read")
entries.get("/people/{membership_id}", "people:read")
entries.post(
    "/people/{membership_id}/role",
    "people:write",
    expect=303,
    form=lambda of: {"role": of.role},
    foreign={"role": 422},
)
entries.post("/people/{membership_id}/remove", "people:write", expect=303)
entries.post("/people/{membership_id}/disable", "people:write", expect=303)
entries.post("/people/{membership_id}/enable", "people:write", expect=303)
entries.get("/people/{membership_id}/erase", "people:write")
entries.post(
    "/people/{membership_id}/erase",
    "people:write",
    expect=422,
    form=lambda _: {"email": "a@example.com"},
)
entries.get("/people/{membership_id}/groups", "people:write")
entries.post(
    "/people/{membership_id}/groups",
    "people:write",
    expect=303,
    form=lambda of: {f"group:{of.group}": "on"},
    foreign={"group": 422},
)
entries.get("/leave", SIGNED_IN, removed=409)
entries.post("/leave", SIGNED_IN, expect=303, removed=409)

entries.get("/invitations", "people:read")
entries.post(
    "/invitations",
    "people:write",
    expect=303,
    form=lambda of: {"email": "one-more@example.com", "role": of.role},
    foreign={"role": 422},
)
entries.post("/invitations/{invitation_id}/send", "people:write", expect=303)
entries.post("/invitations/{invitation_id}/revoke", "people:write", expect=303)

entries.get("/support", "support:write")
entries.post(
    "/support", "support:write", expect=303, form=lambda _: {"role": "viewer", "hours": "1"}
)
entries.post("/support/{grant_id}/end", "support:write", expect=303)

DOMAIN = {"domain": "another.example.com"}
entries.get("/sign-on", "sign_in:write")
# The provider does not answer, and the proof is not there.
entries.post("/sign-on/connection", "sign_in:write", expect=422, form=lambda _: {"issuer": ""})
entries.post("/sign-on/connection/test", "sign_in:write", expect=502)
entries.post("/sign-on/connection/remove", "sign_in:write", expect=303)
entries.post("/sign-on/domains", "sign_in:write", expect=303, form=lambda _: DOMAIN)
entries.post("/sign-on/domains/{domain_id}/check", "sign_in:write", expect=409)
entries.post("/sign-on/domains/{domain_id}/remove", "sign_in:write", expect=303)
entries.post("/sign-on/links/{link_id}/remove", "sign_in:write", expect=303)
