"""Single sign-on: people of an organization sign in at its own identity provider (OpenID Connect)."""
