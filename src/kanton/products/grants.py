"""What can be granted on products: every service, and the parts that a product offers one by one (ORG-68…73)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping

from django.db.models import Case, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from kanton.core.rights import Right
from kanton.organizations.grantable import Found, Named, Place, Section, Thing
from kanton.organizations.models import Organization
from kanton.products.contract import Part, Product, all_products
from kanton.products.models import Service, Wanted

PARTS = 100


class Services:
    """The source of all products."""

    def kinds(self, organization: Organization) -> Iterator[Section]:
        """One section for each kind of product, whether or not the organization has one yet."""
        counts = Counter(_running(organization).values_list("product", flat=True))
        for product in all_products():
            if rights := _rights(product):
                everything = Thing(_("All, also future ones"), rights)
                yield Section(product.code, product.plural, product.icon, [everything], counts[product.code])

    def things(
        self, organization: Organization, code: str, *, search: str, first: Collection[int], limit: int
    ) -> Found:
        """Services by name with their parts; a search finds either."""
        product = _product(code)
        if product is None:
            return Found(())
        services = _running(organization).filter(product=code)
        matching: Mapping[int, list[Part]] = {}
        if search:
            matching = {
                service: list(parts)
                for service, parts in product.parts_named(organization, search, limit=PARTS).items()
            }
            services = services.filter(Q(name__icontains=search) | Q(pk__in=matching))
        place = Case(When(pk__in=first, then=Value(0)), default=Value(1)) if first else Value(1)
        rows = list(services.annotate(place=place).order_by("place", "name", "pk")[: limit + 1])
        shown = rows[:limit]
        parts = matching if search else product.parts(shown, limit=PARTS) if shown else {}
        things = []
        for service in shown:
            things.append(Thing(service.name, _rights(product), service.pk))
            things += [_thing(part, service) for part in parts.get(service.pk, ())]
        return Found(things, len(rows) > limit, sum(map(len, parts.values())) >= PARTS)

    def named(self, organization: Organization, places: Collection[Place]) -> dict[Place, Thing]:
        """The things at these places, in two queries for each kind of product."""
        found: dict[Place, Thing] = {}
        wanted: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for code, service_id, resource in places:
            if service_id is not None:
                wanted[code][service_id].add(resource)
        for code, by_service in wanted.items():
            product = _product(code)
            if product is None:
                continue
            services = list(_running(organization).filter(product=code, pk__in=by_service))
            for service in services:
                if "" in by_service[service.pk]:
                    found[code, service.pk, ""] = Thing(service.name, _rights(product), service.pk)
            resources = {each for service in services for each in by_service[service.pk] if each}
            parts = product.parts_at(services, resources) if resources else {}
            for service in services:
                for part in parts.get(service.pk, ()):
                    if part.resource in by_service[service.pk]:
                        found[code, service.pk, part.resource] = _thing(part, service)
        return found


def _running(organization: Organization) -> QuerySet[Service]:
    return Service.objects.filter(organization=organization).exclude(wanted=Wanted.ENDED)


def _product(code: str) -> Product | None:
    return next((product for product in all_products() if product.code == code), None)


def _rights(product: Product) -> list[Right]:
    return [right for right in product.rights if right.grantable]


def _thing(part: Part, service: Service) -> Thing:
    return Thing(part.label, part.rights, service.pk, part.resource, detail=service.name)


def named(code: str) -> Named | None:
    """How a kind of product is called; None for what is none, or no longer."""
    from kanton.products.api import service_name, service_number

    product = next((one for one in all_products() if one.code == code), None)
    return Named(service_number(code), service_name(code), product.plural) if product else None
