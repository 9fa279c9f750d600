"""One metric of a device over time, in buckets."""
