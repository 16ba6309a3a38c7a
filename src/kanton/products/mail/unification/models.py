"""An account and the mailbox of its address that share one password (ACC-41)."""

from __future__ import annotations

from django.db import models

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.organizations.models import Organization
from kanton.products.mail.models import Mailbox
from kanton.products.mail.rights import PRODUCT


class Unification(models.Model):
    """The link. `login_hash` is the login password as mail servers read it; the mailbox keeps its own beside it.

    While the account has a second factor, mail servers are given the mailbox's own password and never the login
    password (`is_shared` False): programs that cannot do the second step must not open with the first alone.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="unification")
    mailbox = models.OneToOneField(Mailbox, on_delete=models.CASCADE, related_name="unification")
    login_hash = models.CharField(max_length=200)
    is_shared = models.BooleanField(default=True)
    unified_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return str(self.mailbox)

    @property
    def service_id(self) -> int:
        """For the activity log: part of the mail service."""
        return self.mailbox.service_id

    @property
    def product_code(self) -> str:
        """For the activity log."""
        return PRODUCT
