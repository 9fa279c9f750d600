"""The public API, `/v1`: device registry, readings, series, events, dead letters."""
