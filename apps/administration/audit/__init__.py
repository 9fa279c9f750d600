"""The audit: who changed what, to be read and never changed."""
