"""What the connections of a process share."""

from apps.ingest.admission import Admission
from apps.ingest.pipeline import Pipeline
from apps.ingest.sessions import Sessions
from apps.ingest.settings import IngestSettings
from shared.clock import Clock


class Hub:
    """The parts that a connection speaks to."""

    def __init__(
        self,
        settings: IngestSettings,
        clock: Clock,
        admission: Admission,
        pipeline: Pipeline,
        sessions: Sessions,
    ) -> None:
        self.settings = settings
        # Asked for with every read, where an attribute of settings costs five times this.
        self.window = settings.window
        self.connection_bytes = settings.connection_bytes
        self.clock = clock
        self.admission = admission
        self.pipeline = pipeline
        self.sessions = sessions
