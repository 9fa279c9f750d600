"""What an API key may be allowed to do: a view of the one table, `shared.auth.permissions`."""

from shared.auth.permissions import SCOPES

__all__ = ["SCOPES"]
