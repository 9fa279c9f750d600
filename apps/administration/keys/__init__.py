"""API keys: what machines sign in with."""
