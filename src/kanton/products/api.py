"""Products of customers, over all kinds: what clients call "products" is a service here."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Any, NotRequired

from typing_extensions import TypedDict

from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.api import ApiRequest, Id, Lists, Query, Router, Rows, Timestamp, expand
from kanton.core.api.errors import not_among
from kanton.core.errors import NotFound
from kanton.core.parity import exposes
from kanton.core.prepared import Prepared
from kanton.core.query import get_or_not_found
from kanton.core.rights import ADMINISTRATORS
from kanton.core.wish import WishState
from kanton.organizations.models import Organization
from kanton.organizations.queries import organization_by_id, organizations_of
from kanton.organizations.resolver import closed_to
from kanton.products.contract import Product, all_products, product_called
from kanton.products.models import Service, ServiceQuerySet, Wanted
from kanton.products.queries import services_of, statistics_of, usable_by

router = Router("Products")

# Ours → number and name in the interface; further names that clients use for it.
KNOWN = {"domains": (14, "domain"), "mail": (7, "email_hosting")}
ALSO = {"domain_name": "domains", "domain": "domains", "email_hosting": "mail", "mail": "mail"}
# Names of the interface for what is not installed here: nothing is found, and nothing is wrong with asking.
ELSEWHERE = frozenset({
    "ai_tools", "backup", "banner", "billetterie", "certificate", "chk", "cloud", "cloud_hd", "custom_url",
    "dedicated_hosting", "dedicated_server", "domain_privacy", "drive", "e_ticketing", "fast_anycast",
    "free_mail", "hebergement", "hebergement_mysql", "hebergement_web", "hosting", "hosting_3", "housing",
    "invitation", "jelastic", "kchat", "ksuite", "mailbox", "mailing", "nas", "other", "partner_cashback",
    "public_cloud", "radio", "radio_flux", "radio_tera", "radiostations", "swiss_backup", "video", "vod",
    "web_hosting", "website_builder",
})  # fmt: skip
READING = ("accounts:read", "domain:read", "mail:read", "drive", "kchat", "web", "public_cloud")


class ProductRights(TypedDict):
    """What the caller may do with it."""

    technical: bool
    statistic: bool
    check: bool
    sale: bool


class LockedBy(TypedDict):
    """Who keeps it from being used."""

    superuser: bool
    infomaniak: bool


class Maintenance(TypedDict):
    """Whose maintenance is going on."""

    technical: bool
    superuser: bool
    infomaniak: bool


class ProductStatus(TypedDict):
    """Locks, maintenance and the start."""

    maintenance: Maintenance
    locked: LockedBy
    activated_by: list[int]
    activated_at: Timestamp


class ProductOut(TypedDict):
    """Something that a customer has."""

    id: int
    account_id: int
    service_id: int
    service_name: str
    customer_name: str
    internal_name: str | None
    created_at: Timestamp
    expired_at: Timestamp | None
    version: int
    has_maintenance: bool
    is_locked: bool
    has_operation_in_progress: bool
    tags: list[dict[str, Any]]
    unique_id: int
    is_free: bool
    is_zero_price: bool
    is_trial: bool
    rights: ProductRights
    description: NotRequired[str]
    bill_reference: NotRequired[str]
    fqdn: NotRequired[str]
    status: NotRequired[ProductStatus]
    is_managed_by_partner: NotRequired[bool]
    is_transferable: NotRequired[bool]


class ServiceOut(TypedDict):
    """How many products of one kind there are."""

    id: int
    name: str
    count: int


WITHS = ("description", "bill_reference", "fqdn", "status", "is_managed_by_partner", "is_transferable")
LISTS = Lists(
    order={
        "id": "pk",
        "customer_name": "name",
        "service_name": "product",
        "created_at": "created_at",
        "expired_at": "ends_on",
    },
    default="id",
    search=("name",),
)
COLUMNS = (
    "pk", "organization_id", "product", "name", "created_at", "ends_on", "locked_at", "wanted", "wish_state", "plan",
    "maintenance_since", "role",
)  # fmt: skip


@cache
def service_number(code: str) -> int:
    """The number by which clients know a product; one that they cannot know gets a number from its name."""
    return KNOWN[code][0] if code in KNOWN else 1000 + (zlib.crc32(code.encode()) & 0xFFFFFF)


def service_name(code: str) -> str:
    """The name by which clients know a product."""
    return KNOWN[code][1] if code in KNOWN else code


@lru_cache(maxsize=4096)
def end_of(day: date | None) -> int | None:
    """The instant at which a term ends: 24:00 in the operator's time zone."""
    if day is None:
        return None
    return int(clock.start_of(day + timedelta(days=1)).timestamp())


@dataclass(frozen=True, slots=True)
class _Place:
    """A service as a target of rights."""

    organization_id: int
    service_id: int


def _rights_out(actor: Actor, organization_id: int, pk: int, code: str, role: str) -> ProductRights:
    """What the caller may do with a product. There is no statistics where a kind of product has none (ORG-73)."""
    product = product_called(code)
    statistics = product.statistics_right
    if role in ADMINISTRATORS and (actor.scopes is None or "all" in actor.scopes):
        return {"technical": True, "statistic": statistics is not None, "check": True, "sale": True}
    place = _Place(organization_id, pk)
    return {
        "technical": actor.has_right(product.manage_right, place),
        "statistic": statistics is not None and actor.has_right(statistics, place),
        "check": True,
        "sale": role in ADMINISTRATORS,
    }


def product_out(row: tuple[Any, ...], actor: Actor, withs: frozenset[str] = frozenset()) -> ProductOut:
    """One product from its COLUMNS, as the caller sees it."""
    (pk, organization_id, code, name, created_at, ends_on, locked_at, wanted, wish_state, _plan, maintenance_since,
     role) = row  # fmt: skip
    is_locked = locked_at is not None or wanted == Wanted.SUSPENDED
    out: ProductOut = {
        "id": pk,
        "account_id": organization_id,
        "service_id": service_number(code),
        "service_name": service_name(code),
        "customer_name": name,
        "internal_name": None,
        "created_at": int(created_at.timestamp()),
        "expired_at": end_of(ends_on),
        "version": 1,
        "has_maintenance": maintenance_since is not None,
        "is_locked": is_locked,
        "has_operation_in_progress": wish_state == WishState.PENDING,
        "tags": [],
        "unique_id": pk,
        "is_free": False,
        "is_zero_price": False,
        "is_trial": False,
        "rights": _rights_out(actor, organization_id, pk, code, role),
    }
    if withs:
        _add_optional(out, withs, row)
    return out


def _add_optional(out: ProductOut, withs: frozenset[str], row: tuple[Any, ...]) -> None:
    code, name, locked_at, wanted, plan, maintenance_since = row[2], row[3], row[6], row[7], row[9], row[10]
    if "description" in withs:
        out["description"] = f"{product_called(code).name} ({plan})"
    if "bill_reference" in withs:
        out["bill_reference"] = ""
    if "fqdn" in withs:
        out["fqdn"] = name if "." in name else ""
    if "status" in withs:
        out["status"] = {
            "maintenance": {
                "technical": False,
                "superuser": maintenance_since is not None,
                "infomaniak": False,
            },
            "locked": {"superuser": locked_at is not None, "infomaniak": wanted == Wanted.SUSPENDED},
            "activated_by": [],
            "activated_at": out["created_at"],
        }
    if "is_managed_by_partner" in withs:
        out["is_managed_by_partner"] = False
    if "is_transferable" in withs:
        out["is_transferable"] = False


def _products_in_scope(request: ApiRequest) -> list[Product]:
    """A token for one product sees that product; one for organizations sees them all."""
    scopes = request.actor.scopes
    if scopes is None or "all" in scopes or "accounts:read" in scopes:
        return all_products()
    return [
        product
        for product in all_products()
        if any(not scopes.isdisjoint(expand([scope])) for scope in product.use_right.scopes)
    ]


def codes_called(names: list[str], attribute: str) -> list[str]:
    """Our codes for the interface's names. Raises 422 for a name that nobody knows."""
    installed = {product.code: product.code for product in all_products()}
    known = ALSO | installed
    for name in names:
        if name not in known and name not in ELSEWHERE:
            raise not_among(attribute, sorted(set(known) | ELSEWHERE))
    return [known[name] for name in names if name in known]


def codes_numbered(numbers: list[int]) -> list[str]:
    """Our codes for the interface's numbers."""
    return [product.code for product in all_products() if service_number(product.code) in numbers]


class ProductsQuery(Query):
    """Which products to list."""

    account_id: Id | None = None
    customer_name: str | None = None
    fqdn: str | None = None
    internal_name: str | None = None
    product_id: Id | None = None
    service_id: Id | None = None
    service_name: str | None = None

    @property
    def is_empty(self) -> bool:
        """Nothing was asked for."""
        return not self.model_fields_set


def _everything(person_id: int) -> Any:
    services = Service.objects.exclude(wanted=Wanted.ENDED)
    return usable_by(services, person_id, all_products()).order_by("pk").values_list(*COLUMNS)


_hot = Prepared(_everything, int)


def _rows(request: ApiRequest, services: ServiceQuerySet) -> Rows[ProductOut]:
    withs = request.withs
    return Rows(services.values_list(*COLUMNS), lambda row: product_out(row, request.actor, withs))


def _found(request: ApiRequest, query: ProductsQuery) -> ServiceQuerySet:
    organization = None if query.account_id is None else organization_by_id(request.actor, query.account_id)
    services = services_of(request.actor, organization, products=_products_in_scope(request))
    for name in (query.customer_name, query.fqdn):
        if name is not None:
            services = services.filter(name__iexact=name)
    if query.internal_name is not None:
        services = services.none()
    if query.product_id is not None:
        services = services.filter(pk=query.product_id)
    if query.service_id is not None:
        services = services.filter(product__in=codes_numbered([query.service_id]))
    if query.service_name is not None:
        services = services.filter(product__in=codes_called([query.service_name], "service_name"))
    return services


@router.get("/1/products", scopes=READING, withs=WITHS, lists=LISTS)
@exposes(services_of)
def list_products(request: ApiRequest, query: ProductsQuery) -> Rows[ProductOut]:
    """List the products of all organizations that you belong to, as far as you may use them."""
    is_usual = query.is_empty and request.listing.is_plain and request.actor.scopes == frozenset({"all"})
    if is_usual and not closed_to(request.actor):
        withs = request.withs
        return Rows(_hot(request.actor.person_id), lambda row: product_out(row, request.actor, withs))
    return _rows(request, _found(request, query))


@router.get("/1/product", scopes=READING, withs=WITHS, lists=LISTS)
def list_products_in_the_older_way(request: ApiRequest, query: ProductsQuery) -> Rows[ProductOut]:
    """List products, under the older address. Nothing found is an empty list.

    Older DNS clients find the number of a domain here: `?service_name=domain&customer_name=acme.ch`.
    """
    return _rows(request, _found(request, query))


class AccountProductsFilter(Query):
    """Narrows the products of one organization."""

    customer_name: str | None = None
    internal_name: str | None = None
    name: str | None = None
    service_id: Id | None = None
    service_ids: list[Id] = []
    excluded_service_ids: list[Id] = []
    service_names: list[str] = []
    tags: list[Id] = []


class AccountProductsQuery(Query):
    """Which products of the organization to list."""

    filter: AccountProductsFilter = AccountProductsFilter()


def _of_organization(
    request: ApiRequest, organization: Organization, asked: AccountProductsFilter
) -> Rows[ProductOut]:
    services = services_of(request.actor, organization, products=_products_in_scope(request))
    for name in (asked.customer_name, asked.name):
        if name is not None:
            services = services.filter(name__icontains=name)
    wanted = asked.service_ids + ([asked.service_id] if asked.service_id is not None else [])
    if wanted:
        services = services.filter(product__in=codes_numbered(wanted))
    if asked.excluded_service_ids:
        services = services.exclude(product__in=codes_numbered(asked.excluded_service_ids))
    if asked.service_names:
        services = services.filter(product__in=codes_called(asked.service_names, "filter.service_names"))
    if asked.tags or asked.internal_name is not None:  # nothing has a tag or an internal name here
        services = services.none()
    return _rows(request, services)


@router.get("/1/accounts/current/products", scopes=READING, withs=WITHS, lists=LISTS)
def list_products_of_current_account(request: ApiRequest, query: AccountProductsQuery) -> Rows[ProductOut]:
    """List the products of your first organization, by name."""
    organizations = organizations_of(request.actor)
    if not organizations:
        raise NotFound(model="account")
    return _of_organization(request, organizations[0], query.filter)


@router.get("/1/account/{account_id}/product", scopes=READING, withs=WITHS, lists=LISTS)
@router.get("/1/accounts/{account_id}/products", scopes=READING, withs=WITHS, lists=LISTS)
def list_products_of_account(
    request: ApiRequest, account_id: int, query: AccountProductsQuery
) -> Rows[ProductOut]:
    """List the products of one organization, as far as you may use them."""
    return _of_organization(request, organization_by_id(request.actor, account_id), query.filter)


class ReadingOut(TypedDict):
    """What one meter of a product shows."""

    meter: str
    label: str
    unit: str
    value: int


@router.get("/1/accounts/{account_id}/products/{product_id}/statistics", scopes=READING)
@exposes(statistics_of)
def list_statistics(request: ApiRequest, account_id: int, product_id: int) -> list[ReadingOut]:
    """Read the meters of one product. It takes its right to statistics; kinds of products without one have none."""
    organization = organization_by_id(request.actor, account_id)
    service = get_or_not_found(services_of(request.actor, organization), pk=product_id)
    return [
        {
            "meter": each.meter.code,
            "label": str(each.meter.label),
            "unit": each.meter.unit,
            "value": each.value,
        }
        for each in statistics_of(request.actor, service)
    ]


@router.get("/1/accounts/{account_id}/services", scopes=READING)
def list_services_of_account(request: ApiRequest, account_id: int) -> list[ServiceOut]:
    """Count the products of one organization by kind."""
    organization = organization_by_id(request.actor, account_id)
    services = services_of(request.actor, organization, products=_products_in_scope(request))
    counts = Counter(services.values_list("product", flat=True))
    return [
        {"id": service_number(code), "name": service_name(code), "count": counts[code]}
        for code in sorted(counts)
    ]
