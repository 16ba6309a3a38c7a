"""What else leads to a mailbox: aliases, forwarding, and redirections without a mailbox."""

from __future__ import annotations

from kanton.core import clock
from kanton.core.api import ApiRequest, Lists, Rows
from kanton.core.errors import NotFound
from kanton.core.parity import exposes
from kanton.products.mail import actions, queries
from kanton.products.mail.addresses import BadAddress, parse_address
from kanton.products.mail.api.common import BOX, MH, READ, WRITE, mailbox_for, router, service_for, target_of
from kanton.products.mail.errors import BadLocalPart, BadTarget, LocalPartTaken, RedirectCircle
from kanton.products.mail.models import Address
from kanton.products.mail.rights import MANAGE
from kanton.products.mail.schemas import (
    AliasesIn,
    AliasesOut,
    AliasIn,
    ForwardIn,
    ForwardingIn,
    ForwardingOut,
    ForwardOut,
    RedirectIn,
    RedirectOut,
    RedirectTargetOut,
    TargetIn,
    TargetsIn,
)


@router.get(BOX + "/aliases", scopes=READ)
def read_aliases(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> AliasesOut:
    """Read the aliases of a mailbox."""
    names = mailbox_for(request, mail_hosting_id, mailbox_name).aliases
    return {"enabled_alias": 1, "aliases": names}


@router.post(
    BOX + "/aliases", scopes=WRITE, errors=(BadLocalPart, LocalPartTaken), example={"alias": "sales"}
)
@exposes(actions.add_alias)
def add_alias(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: AliasIn) -> bool:
    """Add an alias."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name)
    actions.add_alias(request.actor, box, alias=data.alias.partition("@")[0])
    return True


@router.put(
    BOX + "/aliases", scopes=WRITE, errors=(BadLocalPart, LocalPartTaken), example={"aliases": ["sales"]}
)
@exposes(actions.set_aliases)
def replace_aliases(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: AliasesIn) -> bool:
    """Replace all aliases."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name)
    actions.set_aliases(request.actor, box, aliases=[one.partition("@")[0] for one in data.aliases])
    return True


@router.delete(BOX + "/aliases/{alias}", scopes=WRITE)
@exposes(actions.remove_alias)
def remove_alias(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, alias: str) -> bool:
    """Remove an alias."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name)
    local = alias.partition("@")[0].lower()
    if local not in box.aliases and request.actor.has_right(MANAGE, box):
        raise NotFound(model="alias")
    actions.remove_alias(request.actor, box, alias=local)
    return True


@router.get(BOX + "/forwarding_addresses", scopes=READ)
def read_forwarding(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> ForwardingOut:
    """Read the redirection of a mailbox."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name)
    return {
        "is_enabled": box.is_redirecting,
        "redirect_adresses": [target_of(one) for one in box.redirect_to],
        "has_dont_deliver": not box.keeps_copy,
        "has_forward_spam": True,
    }


@router.put(BOX + "/forwarding_addresses", scopes=WRITE, errors=(BadTarget, RedirectCircle),
            example={"redirect_addresses": ["lea@example.net"], "has_dont_deliver": False})  # fmt: skip
@exposes(actions.set_redirection)
def replace_forwarding(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: ForwardingIn
) -> bool:
    """Replace the redirection of a mailbox."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name)
    targets = box.redirect_to if data.redirect_addresses is None else data.redirect_addresses
    actions.set_redirection(
        request.actor, box, targets=targets, keeps_copy=not data.has_dont_deliver, is_enabled=data.is_enabled
    )
    return True


@router.post(BOX + "/forwarding_addresses", scopes=WRITE, status=201, errors=(BadTarget, RedirectCircle),
             example={"redirect_address": "lea@example.net"})  # fmt: skip
def add_forwarding(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: ForwardIn
) -> ForwardOut:
    """Add an address that the mailbox redirects to."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name)
    if not data.redirect_address.strip():  # the action would pass over it
        raise BadTarget(address="")
    actions.set_redirection(
        request.actor, box, targets=[*box.redirect_to, data.redirect_address], keeps_copy=box.keeps_copy
    )
    added = str(parse_address(data.redirect_address))
    return {**target_of(added), "has_dont_deliver": not box.keeps_copy}


@router.delete(BOX + "/forwarding_addresses", scopes=WRITE)
def end_forwarding(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> bool:
    """End the redirection of a mailbox."""
    actions.set_redirection(request.actor, mailbox_for(request, mail_hosting_id, mailbox_name), targets=[])
    return True


@router.delete(BOX + "/forwarding_addresses/{redirect_addresses}", scopes=WRITE)
def remove_forwarding(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, redirect_addresses: str
) -> bool:
    """Remove one address that the mailbox redirects to."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name)
    try:
        gone = str(parse_address(redirect_addresses))
    except BadAddress:
        gone = ""
    if gone not in box.redirect_to and request.actor.has_right(MANAGE, box):
        raise NotFound(model="redirect_address")
    left = [one for one in box.redirect_to if one != gone]
    actions.set_redirection(request.actor, box, targets=left, keeps_copy=box.keeps_copy)
    return True


def _targets_out(address: Address) -> list[RedirectTargetOut]:
    made, changed = clock.timestamp(address.created_at), clock.timestamp(address.updated_at)
    return [
        {
            "id": f"{address.pk}-{number}",
            "address": target,
            "optin_code": None,
            "optin_expires_at": None,
            "opted_in_at": made,
            "created_at": made,
            "updated_at": changed,
            "state": "active",
        }
        for number, target in enumerate(address.targets, start=1)
    ]


def _redirect_out(address: Address) -> RedirectOut:
    made, changed = clock.timestamp(address.created_at), clock.timestamp(address.updated_at)
    return {
        "id": str(address.pk),
        "name": address.local_part,
        "created_at": made,
        "updated_at": changed,
        "targets": _targets_out(address),
        "address": {
            "id": str(address.pk),
            "address": f"{address.local_part}@{address.mail.main_domain}",
            "created_at": made,
            "updated_at": changed,
            "state": "active",
        },
        "state": "active",
        "send_confirmation_requests_enabled": False,
        "send_confirmation_requests_state": "inactive",
    }


@router.get(MH + "/redirections", scopes=READ,
            lists=Lists(order={"id": "pk", "name": "local_part", "created_at": "created_at"}, default="name",
                        search=("local_part",)))  # fmt: skip
@exposes(queries.redirects_of)
def list_redirections(request: ApiRequest, mail_hosting_id: int) -> Rows[RedirectOut]:
    """List the redirect-only addresses of a mail service."""
    mail = service_for(request, mail_hosting_id, MANAGE)
    return Rows(queries.redirects_of(request.actor, mail), _redirect_out)


@router.post(MH + "/redirections", scopes=WRITE, status=201,
             errors=(BadLocalPart, BadTarget, LocalPartTaken, RedirectCircle),
             example={"name": "team", "targets": ["lea@example.net"]})  # fmt: skip
@exposes(actions.create_redirect)
def create_redirection(request: ApiRequest, mail_hosting_id: int, data: RedirectIn) -> str:
    """Create a redirect-only address. The answer is its id."""
    mail = service_for(request, mail_hosting_id)
    made = actions.create_redirect(
        request.actor, mail, local_part=data.name.partition("@")[0], targets=data.targets
    )
    return str(made.pk)


@router.get(MH + "/redirections/{redirection_id}", scopes=READ)
@exposes(queries.redirect_for)
def read_redirection(request: ApiRequest, mail_hosting_id: int, redirection_id: int) -> RedirectOut:
    """Read one redirect-only address."""
    mail = service_for(request, mail_hosting_id, MANAGE)
    return _redirect_out(queries.redirect_for(request.actor, mail, redirection_id))


@router.put(MH + "/redirections/{redirection_id}", scopes=WRITE, errors=(BadTarget, RedirectCircle),
            example={"targets": ["lea@example.net"]})  # fmt: skip
@exposes(actions.change_redirect)
def replace_redirection(
    request: ApiRequest, mail_hosting_id: int, redirection_id: int, data: TargetsIn
) -> RedirectOut:
    """Replace the targets of a redirect-only address."""
    mail = service_for(request, mail_hosting_id, MANAGE)
    address = queries.redirect_for(request.actor, mail, redirection_id)
    return _redirect_out(actions.change_redirect(request.actor, address, targets=data.targets))


@router.delete(MH + "/redirections/{redirection_id}", scopes=WRITE)
@exposes(actions.delete_redirect)
def delete_redirection(request: ApiRequest, mail_hosting_id: int, redirection_id: int) -> bool:
    """Delete a redirect-only address."""
    mail = service_for(request, mail_hosting_id, MANAGE)
    actions.delete_redirect(request.actor, queries.redirect_for(request.actor, mail, redirection_id))
    return True


@router.get(MH + "/redirections/{redirection_id}/targets", scopes=READ)
def list_targets(request: ApiRequest, mail_hosting_id: int, redirection_id: int) -> list[RedirectTargetOut]:
    """List the targets of a redirect-only address."""
    mail = service_for(request, mail_hosting_id, MANAGE)
    return _targets_out(queries.redirect_for(request.actor, mail, redirection_id))


@router.post(MH + "/redirections/{redirection_id}/targets", scopes=WRITE, status=201,
             errors=(BadTarget, RedirectCircle), example={"address": "lea@example.net"})  # fmt: skip
def add_target(request: ApiRequest, mail_hosting_id: int, redirection_id: int, data: TargetIn) -> str:
    """Add a target to a redirect-only address. The answer is its id."""
    mail = service_for(request, mail_hosting_id, MANAGE)
    address = queries.redirect_for(request.actor, mail, redirection_id)
    changed = actions.change_redirect(request.actor, address, targets=[*address.targets, data.address])
    return _targets_out(changed)[-1]["id"]
