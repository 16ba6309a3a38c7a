"""Every product that is installed can be cancelled on its own (BIL-121). A new one is covered by being registered."""

from __future__ import annotations

import re
from datetime import date

import pytest

from kanton.billing.cancellation.actions import confirm_cancellation, request_cancellation
from kanton.billing.cancellation.models import Cancellation
from kanton.billing.cancellation.queries import cancel_page
from kanton.billing.renewals.tests.conftest import at
from kanton.core.actor import Actor
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.products.contract import Product, all_products
from kanton.products.models import Service

pytestmark = pytest.mark.django_db


@pytest.mark.spec("BIL-120", "BIL-121")
@pytest.mark.parametrize("product", all_products(), ids=lambda product: str(product.code))
def test_each_product_is_cancelled_one_by_one(
    product: Product, owner: Actor, acme: Organization, outbox: Outbox
) -> None:
    one, other = (
        Service.objects.create(
            organization=acme, product=product.code, plan="any", name=name, starts_on=date(2026, 3, 31),
            ends_on=date(2027, 3, 31), anchor_day=31, order_line=f"test:{name}", wish_state="done",
        )
        for name in ("one.example", "other.example")
    )  # fmt: skip
    if reason := product.cancelled_with(one):
        pytest.fail(f"a {product.code} of its own cannot be cancelled: {reason}")
    with at(date(2027, 3, 1)):
        page = cancel_page(owner, acme, one.pk)
        # What is lost is named before it happens; the backups always are.
        assert (
            page.obstacle == ""
            and "All backups are deleted; nothing can be restored afterwards." in page.lost
        )
        request_cancellation(owner, one)
        link = re.search(r"/cancellation/link/(\S+)", outbox[-1].text)
        assert link and all(sentence in " ".join(outbox[-1].text.split()) for sentence in page.lost)
        one.refresh_from_db()
        assert one.wanted == "active"
        confirm_cancellation(owner, Cancellation.objects.get(), token=link[1])
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.wanted, other.wanted) == ("ended", "active")
