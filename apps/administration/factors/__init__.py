"""Second factors and passkeys of people."""
