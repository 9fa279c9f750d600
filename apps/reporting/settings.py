"""What reporting is set from outside."""

from pydantic import Field

from shared.web.settings import WebSettings


class ReportingSettings(WebSettings):
    """Settings of reporting."""

    exports: int = Field(8, ge=1, le=100, description="exports at once in this process")
    exports_each: int = Field(2, ge=1, le=100, description="exports at once of one organisation")
    export_stall_s: float = Field(
        60, gt=0, description="seconds after which a reader that takes nothing is cut off"
    )
