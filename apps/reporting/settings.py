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
    runs: int = Field(2, ge=1, le=20, description="runs that this process makes at once")
    runs_each: int = Field(
        20, ge=1, le=1_000, description="runs of one organisation that wait or are being made"
    )
    run_rows: int = Field(5_000_000, ge=1, description="rows that a run may have")
    run_days: int = Field(7, ge=1, le=366, description="days that a run's file is kept")
    downloads: int = Field(
        50, ge=1, le=1_000, description="downloads of runs' files at once in this process"
    )
    downloads_each: int = Field(
        10, ge=1, le=1_000, description="downloads of runs' files at once of one organisation"
    )
