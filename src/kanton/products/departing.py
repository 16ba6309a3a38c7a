"""Who goes from an organization leaves what they hold in its products: each product says what that is (ORG-50…52)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.accounts.models import Person
from kanton.organizations.departure.contract import Nothing, Source
from kanton.organizations.models import Organization
from kanton.products.contract import all_products, product_called

# Products that people expect to be asked about; where one is not installed, the wizard says so instead (ORG-52).
EXPECTED = ("calendar", "contacts")


def sources() -> Iterator[Source]:
    """Every installed product, and what is to be said of those that are not."""
    yield from all_products()
    yield NotHere()


class NotHere(Nothing):
    """Calendars and address books, as long as no product brings them."""

    code = "not-here"
    plural = gettext_lazy("Other products")
    icon = "package"

    def facts_about(self, person: Person, organization: Organization) -> Iterable[str]:
        """That nothing of the kind can be lost (ORG-52)."""
        missing = [code for code in EXPECTED if not _is_installed(code)]
        if missing == list(EXPECTED):
            yield _("There are no calendars and address books here, so none are lost.")
        elif missing == ["calendar"]:
            yield _("There are no calendars here, so none are lost.")
        elif missing == ["contacts"]:
            yield _("There are no address books here, so none are lost.")


def _is_installed(code: str) -> bool:
    try:
        product_called(code)
    except KeyError:
        return False
    return True
