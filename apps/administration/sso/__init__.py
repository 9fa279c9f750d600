"""Coming in by single sign-on: an organisation's own provider says who somebody is."""
