"""What every app has for people: its first page, signing in and out, choosing an organisation."""
