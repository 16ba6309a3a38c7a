"""The domains of a mail service."""

from __future__ import annotations

from kanton.core.api import ApiRequest, Lists, Rows
from kanton.core.parity import exposes
from kanton.products.mail import actions, queries
from kanton.products.mail.api.common import MH, READ, WRITE, router, service_for
from kanton.products.mail.dns_records import check_domain_records, control_text
from kanton.products.mail.errors import BadDomain, DomainTaken, MainDomainStays
from kanton.products.mail.models import MailDomain
from kanton.products.mail.rights import MANAGE
from kanton.products.mail.schemas import MailDomainIn, MailDomainOut, RecordOut, as_states


def _domain_out(domain: MailDomain, withs: frozenset[str]) -> MailDomainOut:
    out: MailDomainOut = {
        "name": domain.name,
        "name_idn": domain.shown,
        "is_main": domain.is_main,
        "is_controlled": domain.is_controlled,
        "control_record": None if domain.is_controlled else control_text(domain),
        "state": as_states(domain),
    }
    if "records" in withs:
        records: list[RecordOut] = [
            {"name": one.name, "type": one.type, "target": one.target, "state": str(one.state)}
            for one in check_domain_records(domain)
        ]
        out["records"] = records
    return out


@router.get(
    MH + "/domains", scopes=READ, withs=("records",), lists=Lists(order={"name": "name"}, default="name")
)
@exposes(queries.domains_of, check_domain_records)
def list_domains(request: ApiRequest, mail_hosting_id: int) -> Rows[MailDomainOut]:
    """List the domains of a mail service; with `records` each is checked live."""
    mail = service_for(request, mail_hosting_id, MANAGE)
    withs = request.withs
    return Rows(queries.domains_of(request.actor, mail), lambda domain: _domain_out(domain, withs))


@router.post(
    MH + "/domains",
    scopes=WRITE,
    status=201,
    errors=(BadDomain, DomainTaken),
    example={"name": "acme-shop.ch"},
)
@exposes(actions.link_domain)
def link_domain(request: ApiRequest, mail_hosting_id: int, data: MailDomainIn) -> MailDomainOut:
    """Link one more domain."""
    mail = service_for(request, mail_hosting_id)
    domain = actions.link_domain(request.actor, mail, name=data.name, replace_records=data.replace_records)
    return _domain_out(domain, frozenset())


@router.delete(MH + "/domains/{name}", scopes=WRITE, errors=(MainDomainStays,))
@exposes(actions.unlink_domain, queries.mail_domain_for)
def unlink_domain(request: ApiRequest, mail_hosting_id: int, name: str) -> bool:
    """Unlink an additional domain."""
    mail = service_for(request, mail_hosting_id, MANAGE)
    actions.unlink_domain(request.actor, queries.mail_domain_for(request.actor, mail, name))
    return True


@router.post(MH + "/domains/{name}/check", scopes=WRITE)
@exposes(actions.check_domain)
def check_domain(request: ApiRequest, mail_hosting_id: int, name: str) -> MailDomainOut:
    """Look again whether a domain is proved and works."""
    mail = service_for(request, mail_hosting_id, MANAGE)
    domain = actions.check_domain(request.actor, queries.mail_domain_for(request.actor, mail, name))
    return _domain_out(domain, frozenset())
