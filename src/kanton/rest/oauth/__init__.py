"""Kanton as identity provider: OAuth 2.1 and OpenID Connect for applications of organizations (API-20)."""
