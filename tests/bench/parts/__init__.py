"""The parts of the suite `ingest`: each measures some rows of its table."""
