"""What loyalty is set from outside."""

from shared.web.settings import WebSettings


class LoyaltySettings(WebSettings):
    """Settings of loyalty: what every HTTP app has."""
