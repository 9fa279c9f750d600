"""What administration's pages are called, in the order in which its menu has them."""

from shared.web.entry.page import Place

NAVIGATION: tuple[Place, ...] = (
    Place("/account", "Your account"),
    Place("/people", "People", "people:read"),
    Place("/invitations", "Invitations", "people:read"),
    Place("/roles", "Roles", "organisation:read"),
    Place("/keys", "API keys", "keys:read"),
    Place("/sign-on", "Single sign-on", "sign_in:write"),
    Place("/audit", "Audit", "audit:read"),
    Place("/support", "Support access", "support:write"),
)

# Pages of one's own account, linked from `/account`.
ACCOUNT: tuple[Place, ...] = (
    Place("/account/name", "Change your name"),
    Place("/account/mail", "Change your mail address"),
    Place("/account/password", "Change your password"),
    Place("/account/factors", "One-time codes and passkeys"),
    Place("/leave", "Leave an organisation"),
    Place("/account/data", "Save or erase your data"),
)
