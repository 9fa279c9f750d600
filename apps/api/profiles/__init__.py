"""Device profiles: what a kind of device measures."""
