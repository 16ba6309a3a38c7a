"""Mails about money and terms reach those who were chosen for them."""

from __future__ import annotations

from datetime import date

import pytest

from kanton.accounts.models import Person
from kanton.billing.renewals.actions import switch_automatic
from kanton.billing.renewals.tests.conftest import at, fill
from kanton.billing.renewals.tests.test_daily import live
from kanton.core.actor import Actor
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.correspondents.actions import choose_mails
from kanton.organizations.correspondents.models import MailKind
from kanton.organizations.models import Membership, Organization
from kanton.products.models import Service


@pytest.mark.spec("ORG-41", "ORG-42", "BIL-96")
def test_each_kind_of_mail_goes_to_whom_it_was_given(
    owner: Actor, acme: Organization, ben: Person, zoe: Person, red: Service, outbox: Outbox
) -> None:
    external = Membership.objects.create(organization=acme, person=zoe, role=Role.EXTERNAL)
    switch_automatic(owner, acme, services=[red.pk], is_on=True)
    choose_mails(owner, acme.memberships.get(person=ben), kinds=[MailKind.RENEWAL])
    choose_mails(owner, external, kinds=[MailKind.BILLING])
    with at(date(2027, 3, 1)):
        fill(acme, "10")
    live(date(2027, 3, 17))
    told = {mail.template: mail.to for mail in outbox}
    assert told["billing/topped_up"] == [zoe.email]
    assert told["renewals/renewal_failed"] == [ben.email]
    choose_mails(owner, external, kinds=[])
    Person.objects.filter(pk=ben.pk).update(confirmed_at=None)
    sent = len(outbox)
    with at(date(2027, 3, 18)):
        fill(acme, "10")
    live(date(2027, 3, 18))
    assert {(mail.template, mail.to[0]) for mail in outbox[sent:]} >= {
        ("billing/topped_up", "ana@acme.example"),
        ("renewals/renewal_failed", "ana@acme.example"),
    }
    assert {mail.to[0] for mail in outbox[sent:]} == {"ana@acme.example"}
