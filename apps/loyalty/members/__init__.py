"""Members and the tags by which devices know them."""
