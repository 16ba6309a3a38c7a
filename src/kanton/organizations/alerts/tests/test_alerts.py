"""Security alerts: what the member reads, and that nobody else reads it."""

from __future__ import annotations

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden, TooMany
from kanton.core.outbox.testing import Outbox
from kanton.organizations.alerts.actions import send_security_alert
from kanton.organizations.models import Membership, Organization


@pytest.mark.spec("ACC-127", "ORG-64")
def test_an_administrator_has_a_member_told_how_the_account_is_protected(
    client: Client, ana: Person, ben: Person, acme: Organization, member: Actor, owner: Actor, outbox: Outbox
) -> None:
    membership = Membership.objects.get(person=ben)
    client.force_login(ana)
    people = client.get("/o/acme/people").content.decode()
    address = f"/o/acme/people/{membership.pk}/alert"
    assert f'href="{address}"' in people
    assert "Only Ben Moser reads it" in client.get(address).content.decode()
    assert client.post(address).status_code == 303
    assert [mail.to for mail in outbox] == [[ben.email]]
    text = outbox[0].text
    assert "The second step is off" in text and "There is no recovery address" in text
    assert "Ana Keller of Acme asked us" in text
    assert "http" not in text[: text.rfind("We never ask")], "it carries no link"
    with pytest.raises(Forbidden):
        send_security_alert(member, Membership.objects.get(person=ana))
    send_security_alert(owner, membership)
    send_security_alert(owner, membership)
    with pytest.raises(TooMany):
        send_security_alert(owner, membership)
    assert len(outbox) == 3
