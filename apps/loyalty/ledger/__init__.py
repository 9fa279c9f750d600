"""The ledger: entries and lots of points."""
