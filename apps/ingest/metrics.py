"""What ingest counts."""

from prometheus_client import Counter, Gauge, Histogram

CONNECTIONS = Gauge("fortress_ingest_connections", "Devices connected now")
GREETING = Gauge("fortress_ingest_greeting", "Connections that have not said hello")
DROPPED = Counter(
    "fortress_ingest_dropped_total", "Connections closed because there were too many", ["why"]
)
HELLOS = Counter("fortress_ingest_hellos_total", "Hellos by what became of them", ["outcome"])
WAITING = Gauge("fortress_ingest_hellos_waiting", "Hellos that wait to be judged")
REFUSALS_HELD = Gauge("fortress_ingest_refusals_held", "Wrong tokens that are answered later")
MESSAGES = Counter("fortress_ingest_messages_total", "Messages committed", ["kind"])
ENDED = Counter("fortress_ingest_ended_total", "Connections that the server ended", ["why"])
BATCHES = Counter("fortress_ingest_batches_total", "Transactions committed")
BATCH_ROWS = Histogram(
    "fortress_ingest_batch_messages",
    "Messages in a transaction",
    buckets=(1, 10, 50, 100, 500, 1000, 2000, 5000),
)
COMMIT_SECONDS = Histogram("fortress_ingest_commit_seconds", "Time from batch to commit")
RETRIES = Counter(
    "fortress_ingest_retries_total",
    "Batches tried again, by what to do and by the database's number for the error",
    ["failure", "error"],
)
UNTOLD = Counter("fortress_ingest_untold_total", "Commits that the bus was too slow to be told of")
HELD_BYTES = Gauge("fortress_ingest_held_bytes", "Bytes received and not yet committed")
HELD_ORGANISATIONS = Gauge("fortress_ingest_held_organisations", "Organisations with bytes held")
PAUSED = Counter("fortress_ingest_paused_total", "Times a socket was paused", ["why"])
RESTARTS = Counter("fortress_ingest_restarts_total", "Parts started again after a failure")
