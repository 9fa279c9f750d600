"""What can be wrong about a run."""

from shared.errors import Conflict, Invalid, NotFound, TooMany
from shared.telemetry.clean import clean


class NoSuchRun(NotFound):
    code = "no_such_run"

    def __init__(self, public_id: str) -> None:
        super().__init__(f"there is no run {clean(public_id, 64)} in this organisation")


class RunHasNoFile(Conflict):
    code = "run_has_no_file"
    title = "The run has no file"

    def __init__(self, state: str) -> None:
        if state in ("queued", "running"):
            super().__init__(f"the run is {state}; ask for its file when it has succeeded")
        else:
            super().__init__(f"the run {state}; ask for a new one")


class TooManyRuns(TooMany):
    code = "too_many_runs"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"this organisation has {most} runs that wait or are being made; try again when one"
            " of them has ended, or cancel one"
        )


class TooManyRows(Invalid):
    code = "too_many_rows"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"there are more than {most} rows; ask for a shorter time or for fewer devices"
        )
