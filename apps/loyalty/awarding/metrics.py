"""What awarding counts about itself."""

from prometheus_client import Counter

UNUSABLE = Counter(
    "fortress_loyalty_unusable_total",
    "Times that an event had no usable number or tag for a rule; one worked twice counts twice",
    ["reason"],
)
