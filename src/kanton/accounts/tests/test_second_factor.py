"""What counts as a second factor is one thing, wherever it is asked."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator

from kanton.accounts.authenticator.models import Device
from kanton.accounts.factors.models import TextNumber
from kanton.accounts.models import Person
from kanton.accounts.queries import has_second_factor
from kanton.accounts.second_factor import all_methods, methods_of
from kanton.core import clock


def counts(person: Person) -> bool:
    """What lists, mailboxes and organizations' rules ask."""
    return Person.objects.filter(has_second_factor(), pk=person.pk).exists()


@pytest.mark.spec("ACC-77", "ORG-59")
def test_each_method_of_the_sign_in_counts_in_the_lists_too(ana: Person) -> None:
    assert {method.code for method in all_methods()} == {"authenticator", "totp", "key", "sms", "backup"}
    assert not counts(ana) and methods_of(ana) == []
    device = Device.objects.create(person=ana, name="Phone", public_key="x")
    assert counts(ana) and [method.code for method in methods_of(ana)] == ["authenticator"]
    Device.objects.filter(pk=device.pk).update(removed_at=clock.now())
    assert not counts(ana) and methods_of(ana) == []
    number = TextNumber.objects.create(person=ana, phone="+41791234567")
    assert counts(ana)
    number.delete()
    for kind in (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN):
        row = Authenticator.objects.create(user=ana, type=kind, data={"secret": "x"})
        assert counts(ana)
        row.delete()
    assert not counts(ana)
