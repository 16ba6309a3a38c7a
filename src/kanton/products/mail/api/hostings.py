"""Mail services and their maintenance."""

from __future__ import annotations

from kanton.core.api import ApiRequest, Rows
from kanton.core.errors import NotFound
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id
from kanton.products.api import COLUMNS, LISTS, WITHS, ProductOut, product_out
from kanton.products.contract import product_called
from kanton.products.mail import actions, queries
from kanton.products.mail.api.common import MH, READ, WRITE, router, service_for
from kanton.products.mail.rights import PRODUCT
from kanton.products.mail.schemas import HostingsQuery
from kanton.products.queries import services_of


@router.get("/1/mail_hostings", scopes=READ, withs=WITHS, lists=LISTS)
@exposes(queries.mail_services_of, queries.mail_services_visible_to)
def list_mail_hostings(request: ApiRequest, query: HostingsQuery) -> Rows[ProductOut]:
    """List the mail services that you may use."""
    organization = None if query.account_id is None else organization_by_id(request.actor, query.account_id)
    found = services_of(request.actor, organization, products=[product_called(PRODUCT)])
    withs = request.withs
    return Rows(found.values_list(*COLUMNS), lambda row: product_out(row, request.actor, withs))


@router.get(MH, scopes=READ, withs=WITHS)
@exposes(queries.mail_service_for)
def read_mail_hosting(request: ApiRequest, mail_hosting_id: int) -> ProductOut:
    """Read one mail service."""
    mail = service_for(request, mail_hosting_id)
    found = services_of(request.actor, mail.organization, products=[product_called(PRODUCT)])
    row = found.filter(pk=mail_hosting_id).values_list(*COLUMNS).first()
    if row is None:
        raise NotFound(model="mail_hosting")
    return product_out(row, request.actor, request.withs)


@router.put(MH + "/maintenance", scopes=WRITE)
@exposes(actions.start_maintenance)
def begin_maintenance(request: ApiRequest, mail_hosting_id: int) -> bool:
    """Start maintenance: mail still arrives, reading and sending are refused."""
    actions.start_maintenance(request.actor, service_for(request, mail_hosting_id))
    return True


@router.delete(MH + "/maintenance", scopes=WRITE)
@exposes(actions.end_maintenance)
def finish_maintenance(request: ApiRequest, mail_hosting_id: int) -> bool:
    """End maintenance."""
    actions.end_maintenance(request.actor, service_for(request, mail_hosting_id))
    return True
