"""How an organisation signs its people in: its provider, its mail domains, who is linked."""
