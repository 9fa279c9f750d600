"""Everything in one process, for a laptop: `make run`."""
