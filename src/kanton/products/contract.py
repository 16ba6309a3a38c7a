"""What a product is to everybody else: shop, billing, console and API know this page and never the product."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kanton.core.activity import PRODUCT_NAMES
from kanton.core.rights import RIGHTS, Right
from kanton.core.standing import Catalogue
from kanton.organizations.departure.contract import Nothing

if TYPE_CHECKING:
    from kanton.organizations.models import Organization
    from kanton.products.models import Service


class Group(models.TextChoices):
    """The five groups of the catalogue (BIL-13)."""

    COLLABORATION = "collaboration", _("Collaboration")
    WEB = "web", _("Web & domains")
    CLOUD = "cloud", _("Cloud computing")
    MARKETING = "marketing", _("Events & marketing")
    STREAMING = "streaming", _("Streaming")


class Unit(models.TextChoices):
    """What a meter counts."""

    COUNT = "count", _("number")
    BYTES = "bytes", _("bytes")


@dataclass(frozen=True, slots=True)
class Meter:
    """One thing a product measures per service."""

    code: str
    label: Any
    unit: Unit


@dataclass(frozen=True, slots=True)
class Done:
    """The engine has confirmed the wish."""


@dataclass(frozen=True, slots=True)
class RetryIn:
    """Not there yet; look again after so many seconds."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class NeedsCustomer:
    """It cannot go on without somebody: what is wrong, and what they can do."""

    reason: str
    remedy: str


Outcome = Done | RetryIn | NeedsCustomer


@dataclass(frozen=True, slots=True)
class Part:
    """One thing inside a service that can be granted alone, such as the mailbox "mailbox:17" (ORG-68)."""

    label: str
    resource: str
    rights: Sequence[Right]


@dataclass(frozen=True, slots=True)
class OrderField:
    """One thing the shop asks before this can be ordered; the answer is an option of the order line."""

    name: str
    label: Any
    help_text: Any = ""
    placeholder: str = ""


class Product(Nothing, ABC):
    """A kind of thing that is sold. One instance each, registered in the room's `apps.py`.

    What people hold in it, and what becomes of that when they go, it tells as a source of departures: `holdings_of`,
    `facts_about`, `close`, `settle`, `restore` and `reopen`, described in `organizations/departure/contract.py`.

    `name` and `plural` are what customers read; `list_url` names the console page that lists an organization's
    services of this kind (it takes the organization's slug).

    `use_right` lets a person see and use a service, and never manage it (ORG-71); `manage_right` is all that technical
    management needs. Figures about others (ORG-72) have a right of their own where a product has them: without a
    `statistics_right` nothing offers it, nor shows a section of statistics (ORG-73). `rights` are all that the product
    declares, from the weakest to the strongest, finer ones included.
    """

    code: ClassVar[str]
    name: ClassVar[Any]
    plural: ClassVar[Any]
    group: ClassVar[Group]
    icon: ClassVar[str]
    list_url: ClassVar[str]
    use_right: ClassVar[Right]
    manage_right: ClassVar[Right]
    statistics_right: ClassVar[Right | None] = None
    rights: ClassVar[Sequence[Right]] = ()
    meters: ClassVar[Sequence[Meter]] = ()
    order_fields: ClassVar[Sequence[OrderField]] = ()
    #: Whether the renewal guarantee can be ticked while ordering; afterwards it can be switched on anyway (BIL-19).
    guarantee_when_ordering: ClassVar[bool] = True
    #: Whether the product itself tells its customers that a term ends, as domains do; else billing does.
    tells_of_its_end: ClassVar[bool] = False
    #: What the guarantee protects from, where this product has more to lose than time (BIL-110).
    guarantee_reason: ClassVar[Any] = ""
    #: Whether its management can be blocked (ORG-80).
    is_lockable: ClassVar[bool] = True

    def is_managing(self, right: Right) -> bool:
        """Whether this right of the product changes it, and so is closed while its management is blocked (ORG-81)."""
        return right not in self.seeing_rights

    def check_order(self, organization: Organization | None, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options of an order line, made normal. Raises Invalid, naming the field, when it cannot be sold so."""
        return dict(options)

    def order_name(self, options: Mapping[str, Any]) -> str:
        """What the cart and the invoice call this line, such as "acme.ch"."""
        return str(options.get("name", ""))

    @property
    def seeing_rights(self) -> tuple[Right, ...]:
        """Each of them alone lets a person see that a service is there; what is in it asks for more."""
        return (self.use_right,) if self.statistics_right is None else (self.use_right, self.statistics_right)

    @abstractmethod
    def reconcile(self, service: Service) -> Outcome:
        """Bring the engine to what `service.wanted` says. Runs as a job, outside any transaction, possibly twice."""

    def service_url(self, service: Service) -> str:
        """The console page of one service."""
        from django.urls import reverse

        return reverse(self.list_url, args=[service.organization.slug])

    def lost_by_cancelling(self, service: Service) -> Sequence[str]:
        """What a cancellation deletes for good, each in one sentence; shown before it happens (BIL-120)."""
        return (str(_("All backups are deleted; nothing can be restored afterwards.")),)

    def cancelled_with(self, service: Service) -> str:
        """Why it cannot be cancelled alone, such as its being part of a suite (BIL-122); empty when it can."""
        return ""

    def usage(self, service: Service) -> dict[str, int]:
        """The meters' readings, by code."""
        return {}

    def parts(self, services: Sequence[Service], *, limit: int | None = None) -> Mapping[int, Sequence[Part]]:
        """What can be granted alone in these services, by the service's number: at most `limit` in all. As few queries
        as for one service."""
        return {}

    def parts_named(
        self, organization: Organization, search: str, *, limit: int
    ) -> Mapping[int, Sequence[Part]]:
        """The parts in all of an organization's services whose name has `search` in it."""
        return {}

    def parts_at(
        self, services: Sequence[Service], resources: Collection[str]
    ) -> Mapping[int, Sequence[Part]]:
        """Those of the services' parts that have these resources."""
        return {
            service: [part for part in parts if part.resource in resources]
            for service, parts in self.parts(services).items()
        }


_products: dict[str, Product] = {}
_CATALOGUE = Catalogue(RIGHTS)


def register(product: Product) -> None:
    """Make a product known. Called from the room's `apps.py`."""
    if product.code in _products and type(_products[product.code]) is not type(product):
        raise ValueError(f"two products are called {product.code!r}")
    brought = _CATALOGUE.included(product.use_right.code)
    if product.statistics_right is not None:
        brought |= _CATALOGUE.included(product.statistics_right.code)
    is_one = product.manage_right is product.use_right  # a product may say that whoever uses it manages it
    if not is_one and product.manage_right.code in brought:
        raise ValueError(f"who may use {product.code!r} could manage it")
    _products[product.code] = product
    PRODUCT_NAMES[product.code] = product.plural


def product_called(code: str) -> Product:
    """The product with this code; KeyError when it is not installed."""
    return _products[code]


def all_products() -> list[Product]:
    """Every installed product, in the order of the groups and then by code."""
    order = list(Group)
    return sorted(_products.values(), key=lambda product: (order.index(product.group), product.code))


def load_entry_points() -> None:
    """Load third-party products: the entry point group `kanton.products` names Product classes."""
    for entry in entry_points(group="kanton.products"):
        register(entry.load()())
