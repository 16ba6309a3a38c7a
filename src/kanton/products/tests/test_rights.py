"""What products declare: using is not managing, and numbers never come to mean something else."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from kanton.core.rights import Role
from kanton.core.standing import Given, Held
from kanton.organizations.models import Organization, Team
from kanton.organizations.resolver import CATALOGUE
from kanton.products.contract import Product, all_products, product_called, register


@pytest.mark.spec("ORG-71", "BIL-10")
@given(
    st.sampled_from([Role.COLLABORATOR, Role.EXTERNAL]),
    st.sampled_from([None, 7]),
    st.sampled_from(all_products()),
    st.tuples(st.sampled_from([None, 7, 8]), st.sampled_from(["", "mailbox:1"])),
)
def test_use_never_brings_management(
    role: Role, service: int | None, product: Product, place: tuple[int | None, str]
) -> None:
    """Nor do figures about a service open what is in it."""
    user = Held(role, (Given(product.use_right.code, product.code, service, ""),), 1, CATALOGUE)
    assert not user.may(product.manage_right, *place)
    if product.statistics_right is not None:
        reader = Held(role, (Given(product.statistics_right.code, product.code, service, ""),), 1, CATALOGUE)
        assert not reader.may(product.use_right, *place) and not reader.may(product.manage_right, *place)


@pytest.mark.spec("ORG-77")
@pytest.mark.django_db
def test_numbers_are_never_used_again(acme: Organization) -> None:
    """So a grant on a service or a mailbox that is gone can never come to mean another one, on any database."""
    numbers = []
    for _time in range(3):
        team = Team.objects.create(organization=acme, name="Web")
        numbers.append(team.pk)
        team.delete()
    assert len(set(numbers)) == 3
    # PostgreSQL keeps to it by its sequences, SQLite where the table says so.
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for table in ("products_service", "mail_mailbox", "mail_mailservice", "organizations_membership"):
                cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [table])
                assert "AUTOINCREMENT" in cursor.fetchone()[0]


def test_a_product_whose_use_brings_management_is_refused() -> None:
    """ORG-71 holds for products from elsewhere, too."""
    mail = product_called("mail")
    sending = next(right for right in mail.rights if right.code == "mail.send")

    class Careless(type(mail)):  # type: ignore[misc]
        code = "careless"
        use_right = mail.manage_right
        manage_right = sending

    with pytest.raises(ValueError, match="could manage it"):
        register(Careless())
    assert all(product.code != "careless" for product in all_products())
