"""Coming in: passwords, what follows every way of signing in, and a person's own sign-ins."""
