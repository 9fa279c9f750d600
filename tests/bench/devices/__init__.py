"""The load on ingest: devices in several processes, whose messages are encoded beforehand."""
