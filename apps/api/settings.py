"""What the API is set from outside."""

from shared.web.settings import WebSettings


class ApiSettings(WebSettings):
    """Settings of the API: what every HTTP app has."""
