"""What billing is set from outside."""

from shared.web.settings import WebSettings


class BillingSettings(WebSettings):
    """Settings of billing: what every HTTP app has."""
