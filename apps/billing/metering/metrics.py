"""What metering counts about itself."""

from prometheus_client import Counter

UNUSABLE = Counter(
    "fortress_billing_unusable_total",
    "Events without a usable number for a meter; one worked twice counts twice",
    ["reason"],
)
