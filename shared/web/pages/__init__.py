"""Pages for people: rendered here, whole without script, readable by every browser."""
