"""The cast of the mail room."""

from kanton.products.mail.tests.conftest import engine, mail

__all__ = ["engine", "mail"]
