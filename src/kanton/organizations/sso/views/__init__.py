"""Signing in through an organization's identity provider, and the pages on which it is set up."""
