"""Who may do what to domains and zones. Without a grant a colleague does not even see that a domain exists:
404.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kanton.core.actor import Actor
from kanton.core.rights import Right
from kanton.products.domains import actions
from kanton.products.domains.linking import LinkRecord
from kanton.products.domains.models import Domain, Zone, ZoneRecord
from kanton.products.domains.records import Record
from kanton.products.domains.rights import DNS_EDIT, MANAGE, VIEW
from kanton.products.domains.tests.factories import KEY, make_domain, make_service, make_zone
from kanton.testing_matrix import (
    ADMINISTRATORS,
    GRANTED,
    MEMBERS,
    NOBODY,
    SIGNED_IN,
    Cast,
    Line,
    Who,
    act,
    api,
    page,
)

ALLOWED = ADMINISTRATORS | GRANTED
#: Whoever may not even see it is told that there is nothing.
HIDDEN = {Who.COLLABORATOR: 404, Who.EXTERNAL: 404, Who.STRANGER: 404, Who.STAFF: 404}
ORG = "/o/<slug:organization>/domains"
ONE = ORG + "/<str:name>"
WANTED = [LinkRecord(Record("x.acme.example", "A", "192.0.2.1"))]


def domain(cast: Cast) -> Domain:
    """A domain of Acme."""
    return make_domain(cast.acme)


def zone(cast: Cast) -> Zone:
    """Its zone."""
    return make_zone(cast.acme)


def below(cast: Cast) -> Zone:
    """A zone below it."""
    return actions.create_zone(cast.owner, domain(cast), name="dev.acme.example")


def record(cast: Cast) -> ZoneRecord:
    """A record that may go."""
    return ZoneRecord.objects.get(zone=zone(cast), type="MX")


def named(cast: Cast) -> Mapping[str, Any]:
    """The name of a domain of Acme, for an address."""
    return {"name": domain(cast).name}


def numbered(cast: Cast) -> Mapping[str, Any]:
    """A record of a zone of Acme, for an address."""
    return {"name": "acme.example", "number": record(cast).pk}


def on_zone(do: Callable[[Actor, Zone], object], code: str) -> Line:
    """The line of an action on a zone."""
    return act(code, lambda actor, cast: do(actor, zone(cast)), allowed=ALLOWED)


def on_domain(do: Callable[[Actor, Domain], object], code: str) -> Line:
    """The line of an action on a domain."""
    return act(code, lambda actor, cast: do(actor, domain(cast)), allowed=ALLOWED)


def read(route: str, **places: Any) -> Line:
    """A page that those see who may see the domain."""
    fill = (lambda cast: {**named(cast), **places}) if "number" not in route else numbered
    return page(route, allowed=ALLOWED, right=VIEW, but=HIDDEN, fill=fill)


def sent(route: str, right: Right, post: Mapping[str, Any], **options: Any) -> Line:
    """A form that those may send who have the right."""
    fill = numbered if "number" in route else named
    return page(
        route, **{"allowed": ALLOWED, "right": right, "but": HIDDEN, "fill": fill, "post": post, **options}
    )


def program(
    method: str, route: str, right: Right = VIEW, data: Mapping[str, Any] | None = None, **fill: Any
) -> Line:
    """A route of the API on a zone or a domain."""

    def places(cast: Cast) -> Mapping[str, Any]:
        row = record(cast)
        found: dict[str, Any] = {
            "zone": "acme.example",
            "domain": row.zone.service_id if "/1/" in route else "acme.example",
            "record": row.pk,
            "number": 1,
        }
        return found | fill

    return api(method, route, allowed=ALLOWED, right=right, but=HIDDEN, fill=places, data=data)


NEW = {"source": "www", "type": "A", "target": "192.0.2.7", "ttl": 300}
A_FORM = {"source": "www", "part_address": "192.0.2.7", "ttl": "300"}
AN_MX_FORM = {"source": "", "part_priority": "5", "part_host": "mx.globex.example", "ttl": "300"}
CONTACT_FORM = {
    "kind": "Organization", "company": "Acme", "street": "Marktgasse 1", "postal_code": "3011", "city": "Bern",
    "country": "CH", "email": "it@acme.example",
}  # fmt: skip

ACTIONS: list[Line] = [
    on_zone(lambda a, z: actions.create_record(a, z, **NEW), "domains.create_record"),  # type: ignore[arg-type]
    act(
        "domains.update_record",
        lambda actor, cast: actions.update_record(actor, (row := record(cast)).zone, row.pk, ttl=600),
        allowed=ALLOWED,
    ),
    act(
        "domains.delete_record",
        lambda actor, cast: actions.delete_record(actor, (row := record(cast)).zone, row.pk),
        allowed=ALLOWED,
    ),
    act(
        "domains.delete_records",
        lambda actor, cast: actions.delete_records(actor, (row := record(cast)).zone, [row.pk]),
        allowed=ALLOWED,
    ),
    on_zone(lambda a, z: actions.import_zone(a, z, text="www A 192.0.2.7\n"), "domains.import_zone"),
    on_zone(lambda a, z: actions.restore_zone(a, z, number=1), "domains.restore_zone"),
    on_zone(lambda a, z: actions.link_records(a, z, owner="mail:1", wanted=WANTED), "domains.link_records"),
    on_zone(lambda a, z: actions.unlink_records(a, z, owner="mail:1"), "domains.unlink_records"),
    on_domain(lambda a, d: actions.create_zone(a, d, name="dev.acme.example"), "domains.create_zone"),
    act("domains.delete_zone", lambda actor, cast: actions.delete_zone(actor, below(cast)), allowed=ALLOWED),
    on_domain(lambda a, d: actions.set_nameservers(a, d, use_own=True), "domains.set_nameservers"),
    on_domain(lambda a, d: actions.set_transfer_lock(a, d, locked=True), "domains.set_transfer_lock"),
    on_domain(
        lambda a, d: actions.change_contact(a, d, role="tech", details={"city": "Thun"}),
        "domains.change_contact",
    ),
    act(
        "domains.set_up_domain",
        lambda actor, cast: actions.set_up_domain(actor, make_service(cast.acme, "acme.example"), key=KEY),
        allowed=NOBODY,
    ),
    act("domains.settle_domain", lambda a, cast: actions.settle_domain(a, domain(cast), {}), allowed=NOBODY),
    act(
        "domains.refuse_domain",
        lambda a, cast: actions.refuse_domain(a, domain(cast), 1, reason="x", remedy="y", is_final=False),
        allowed=NOBODY,
    ),
    act(
        "domains.remind_of_expiry", lambda a, cast: actions.remind_of_expiry(a, domain(cast)), allowed=NOBODY
    ),
    act(
        "domains.settle_zone",
        lambda a, cast: actions.settle_zone(a, zone(cast), 1, number=1, is_proved=True, reason=""),
        allowed=NOBODY,
    ),
]

PAGES: list[Line] = [
    page(ORG, allowed=MEMBERS),
    page(f"{ORG}/lock", allowed=MEMBERS, post={"selected": "0"}),
    *(
        read(f"{ONE}{rest}")
        for rest in ("", "/state", "/check", "/nameservers", "/contacts", "/zones/add", "/dns", "/dns/state")
    ),
    *(read(f"{ONE}/dns/{rest}") for rest in ("add", "import", "export", "history", "remove", "<int:number>")),
    page(
        f"{ONE}/contacts/<str:role>",
        allowed=ALLOWED,
        right=VIEW,
        but=HIDDEN,
        fill=lambda cast: {**named(cast), "role": "tech"},
    ),
    page(
        f"{ONE}/dns/history/<int:number>",
        allowed=ALLOWED,
        right=VIEW,
        but=HIDDEN,
        fill=lambda cast: {**named(cast), "number": 1},
    ),
    sent(f"{ONE}/nameservers", MANAGE, {"use_own": "yes"}),
    sent(f"{ONE}/lock", MANAGE, {"locked": "yes"}),
    sent(
        f"{ONE}/contacts/<str:role>",
        MANAGE,
        CONTACT_FORM,
        fill=lambda cast: {**named(cast), "role": "tech"},
    ),
    sent(f"{ONE}/zones/add", DNS_EDIT, {"name": "dev.acme.example"}),
    sent(f"{ONE}/dns/add", DNS_EDIT, A_FORM),
    sent(f"{ONE}/dns/<int:number>", DNS_EDIT, AN_MX_FORM),
    sent(f"{ONE}/dns/<int:number>/delete", DNS_EDIT, {}),
    sent(f"{ONE}/dns/delete", DNS_EDIT, {}),
    sent(f"{ONE}/dns/import", DNS_EDIT, {"text": "www A 192.0.2.7", "save": "yes"}),
    sent(
        f"{ONE}/dns/history/<int:number>",
        DNS_EDIT,
        {},
        fill=lambda cast: {**named(cast), "number": 1},
    ),
    sent(f"{ONE}/dns/remove", DNS_EDIT, {}, fill=lambda cast: {"name": below(cast).name}),
]

API: list[Line] = [
    *(
        program("GET", f"/2/zones/{{zone}}{rest}")
        for rest in ("", "/exists", "/records", "/records/{record}", "/records/{record}/check", "/hints")
    ),
    program("GET", "/2/zones/{zone}/versions"),
    program("GET", "/2/zones/{zone}/versions/{number}"),
    program("POST", "/2/zones/{zone}/versions/{number}/restoration", DNS_EDIT),
    program("POST", "/2/zones/{zone}/records", DNS_EDIT, NEW),
    program("PUT", "/2/zones/{zone}/records/{record}", DNS_EDIT, {"ttl": 600}),
    program("DELETE", "/2/zones/{zone}/records/{record}", DNS_EDIT),
    api(
        "DELETE",
        "/2/zones/{zone}/records",
        allowed=NOBODY,
        right=DNS_EDIT,
        # The number of no record: whoever sees the zone hears that there is none.
        data={"ids": [999_999_999]},
        but={**HIDDEN, Who.OWNER: 404, Who.ADMINISTRATOR: 404, Who.GRANTED: 404},
        fill=lambda cast: {"zone": zone(cast).name},
    ),
    program("PUT", "/2/zones/{zone}", DNS_EDIT, {"skel": "www A 192.0.2.7\n"}),
    program("POST", "/2/zones/{zone}", DNS_EDIT, {}, zone="dev.acme.example"),
    api(
        "DELETE",
        "/2/zones/{zone}",
        allowed=ALLOWED,
        right=DNS_EDIT,
        but=HIDDEN,
        fill=lambda cast: {"zone": below(cast).name},
    ),
    program("GET", "/2/domains/{domain}/zones"),
    program("GET", "/2/domains/domains/{domain}/zones"),
    api("GET", "/2/domains/domains", allowed=SIGNED_IN),
    program("GET", "/2/domains/domains/{domain}"),
    program("PUT", "/2/domains/{domain}/nameservers", MANAGE, {"use_infomaniak_ns": True}),
    program("PUT", "/2/domains/domains/{domain}/nameservers", MANAGE, {"use_infomaniak_ns": True}),
    program("PUT", "/2/domains/domains/{domain}/transfer-lock", MANAGE, {"is_locked": True}),
    program("PUT", "/2/domains/domains/{domain}/contacts/{role}", MANAGE, {"city": "Thun"}, role="tech"),
    program("GET", "/2/domains/{domain}/dnssec/check"),
    api("GET", "/2/tld", allowed=SIGNED_IN),
    api("GET", "/2/tld/{tld}", allowed=SIGNED_IN, fill=lambda cast: {"tld": "ch"}),
    api(
        "GET",
        "/1/domain/account/{account_id}",
        allowed=MEMBERS,
        but={Who.STRANGER: 404, Who.STAFF: 404},
        fill=lambda cast: {"account_id": cast.acme.pk},
    ),
    program("GET", "/1/domain/{domain}/dns/record"),
    program("GET", "/1/domain/{domain}/dns/record/{record}"),
    program("POST", "/1/domain/{domain}/dns/record", DNS_EDIT, NEW),
    program("PUT", "/1/domain/{domain}/dns/record/{record}", DNS_EDIT, {"ttl": 600}),
    program("DELETE", "/1/domain/{domain}/dns/record/{record}", DNS_EDIT),
]

LINES: list[Line] = [*ACTIONS, *PAGES, *API]
