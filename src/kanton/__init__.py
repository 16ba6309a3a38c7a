"""Kanton: a self-hosted Manager for hosting and cloud providers."""

__version__ = "0.1.0"
