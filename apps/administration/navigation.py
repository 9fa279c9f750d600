"""What administration's pages are called, in the order in which its menu has them."""

from shared.web.entry.page import Place

NAVIGATION: tuple[Place, ...] = (
    Place("/account", "Your account"),
    Place("/roles", "Roles", "organisation:read"),
)
