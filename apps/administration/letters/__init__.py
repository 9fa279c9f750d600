"""Mail that was sent on this laptop, to be read here; only in development."""
