"""From rows to the engine's desired state."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kanton.config import config
from kanton.organizations.models import Membership
from kanton.products.mail.app_passwords import Hashes, personal_hashes
from kanton.products.mail.dns_records import signing_key
from kanton.products.mail.engine.port import DkimKey, DomainState, MailboxState
from kanton.products.mail.models import AddressKind, Mailbox, MailDomain, MailService
from kanton.products.mail.queries import mailboxes_with_everything
from kanton.products.mail.rights import MANAGE
from kanton.products.mail.unification.links import shared_hashes
from kanton.products.models import Wanted

ADMINISTRATORS_MAX = 10


def domain_states(mail: MailService) -> list[DomainState]:
    """What the engine should know of every controlled domain of the service, the main one first."""
    domains = [one for one in mail.domains.order_by("-is_main", "name") if one.is_controlled]
    main = next((one for one in domains if one.is_main), None)
    if main is None:
        return []
    states = [_main_state(mail, main)]
    states += [
        DomainState(one.name, alias_of=main.name, dkim=_keys(one)) for one in domains if one is not main
    ]
    return states


def _main_state(mail: MailService, main: MailDomain) -> DomainState:
    mailboxes = list(mailboxes_with_everything(mail))
    is_strict = mail.organization.demands_second_factor_of_apps
    hashes = personal_hashes(mailboxes, with_second_factor=is_strict)
    shared = shared_hashes(box.pk for box in mailboxes)
    aliases = {
        address.local_part: box.local_part
        for box in mailboxes
        for address in box.addresses.all()
        if address.kind == AddressKind.ALIAS
    }
    redirects = {
        one.local_part: tuple(one.targets)
        for one in mail.addresses.filter(kind=AddressKind.REDIRECT).order_by("local_part")
    }
    return DomainState(
        domain=main.name,
        mailboxes=tuple(
            _mailbox_state(mail, box, hashes.get(box.pk, Hashes()), shared.get(box.pk, ""), is_strict)
            for box in mailboxes
        ),
        aliases=aliases,
        redirects=redirects,
        administrators=administrators_of(mail),
        dkim=_keys(main),
        maintenance=_maintenance(mail),
    )


def _mailbox_state(
    mail: MailService, box: Mailbox, personal: Hashes, shared: str, is_strict: bool
) -> MailboxState:
    devices = [one.digest for one in box.app_passwords.all() if one.with_second_factor or not is_strict]
    return MailboxState(
        local=box.local_part,
        store=str(box.store),
        password_hash=shared or box.password_hash,
        own_password_closed=_(
            "Your organization wants an app password here. Make one in the Manager, with a second factor."
        )
        if is_strict
        else "",
        app_hashes=(*devices, *personal.sending),
        reading_hashes=tuple(personal.reading),
        sending_limit=box.sending_limit or mail.sending_limit,
        redirect_to=tuple(box.redirect_to) if box.is_redirecting else (),
        keeps_copy=box.keeps_copy,
    )


def _keys(domain: MailDomain) -> tuple[DkimKey, ...]:
    key = signing_key(domain)
    return (key,) if key else ()


def _maintenance(mail: MailService) -> str:
    if mail.service.maintenance_since is not None:
        return _("This mail service is in maintenance. Your mail arrives and waits; please try again later.")
    if mail.service.wanted != Wanted.ACTIVE:
        return _("This mail service is suspended. Please ask the administrator of your organization.")
    return ""


def administrators_of(mail: MailService) -> tuple[str, ...]:
    """The login addresses of owners and administrators, who read mail to postmaster and abuse (MAIL-9)."""
    members = Membership.objects.filter(
        organization=mail.organization_id, role__in=MANAGE.roles, suspended_at=None
    ).order_by("joined_at")
    emails = list(members.values_list("person__email", flat=True)[:ADMINISTRATORS_MAX])
    # A login at this very domain reaches nobody until its address exists; then the provider's support reads it.
    names = set(mail.domains.values_list("name", flat=True))
    known = set(mail.addresses.values_list("local_part", flat=True))
    reachable = []
    for email in emails:
        local, _at, domain = email.lower().rpartition("@")
        if domain not in names or local in known:
            reachable.append(email)
    return tuple(reachable) or (config.operator.support_email,)
