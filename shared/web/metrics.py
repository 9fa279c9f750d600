"""What every HTTP app counts."""

from prometheus_client import Counter, Histogram

REQUESTS = Counter(
    "fortress_http_requests_total", "Requests answered", ["app", "method", "route", "status"]
)
SECONDS = Histogram(
    "fortress_http_request_seconds", "Time to answer a request", ["app", "method", "route"]
)
