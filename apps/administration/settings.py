"""What administration is set from outside."""

from shared.web.settings import WebSettings


class AdministrationSettings(WebSettings):
    """Settings of administration: what every HTTP app has."""
