"""Every change of a mail service as a whole."""

from __future__ import annotations

from kanton.core import clock
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.organizations.telling import tell_everybody
from kanton.products.mail.actions.common import publish_later
from kanton.products.mail.actions.domains import add_domain, link_in_zone
from kanton.products.mail.activity import Happened
from kanton.products.mail.models import MailService
from kanton.products.mail.rights import MAINTAIN
from kanton.products.models import Service


@internal("Set-up follows a paid order.")
@action(right=SYSTEM)
def set_up_mail_service(actor: Actor, service: Service) -> MailService:
    """The mail service behind a paid order line, with its main domain. Called twice, it returns the first one."""
    mail, is_new = MailService.objects.get_or_create(
        service=service, defaults={"organization_id": service.organization_id}
    )
    if is_new:
        name = str(service.options.get("domain") or service.options.get("name") or service.name)
        link_in_zone(actor, add_domain(mail, name, is_main=True), replace=False)
    record(actor, Happened.SERVICE_SET_UP, mail)
    publish_later(mail)
    return mail


@internal("It follows the end of the contract.")
@action(right=SYSTEM)
def withdraw_mail_service(actor: Actor, mail: MailService) -> MailService:
    """Stop receiving and reading; the domains are free for another service."""
    from kanton.products.mail import logins
    from kanton.products.mail.tasks import withdraw_domains

    logins.release(logins.people_signing_in_at(mail), by=actor.label)
    names = list(mail.domains.values_list("name", flat=True))
    mail.withdrawn_at = clock.now()
    mail.save()
    mail.domains.all().delete()
    record(actor, Happened.SERVICE_WITHDRAWN, mail)
    after_commit(withdraw_domains, names)
    return mail


@action(right=MAINTAIN, may_be_silent=True)
def start_maintenance(actor: Actor, mail: MailService) -> MailService:
    """Refuse reading and sending for a while; mail still arrives (MAIL-96, MAIL-98). Everybody else here is told."""
    service = mail.service
    if service.maintenance_since is None:
        service.maintenance_since = clock.now()
        service.save(update_fields=["maintenance_since"])
        record(actor, Happened.MAINTENANCE_STARTED, mail)
        tell_everybody(actor, mail.organization, "mail/maintenance_started", {"service": service.name})
        publish_later(mail)
    return mail


@action(right=MAINTAIN, may_be_silent=True)
def end_maintenance(actor: Actor, mail: MailService) -> MailService:
    """Allow reading and sending again, and tell everybody else."""
    service = mail.service
    if service.maintenance_since is not None:
        service.maintenance_since = None
        service.save(update_fields=["maintenance_since"])
        record(actor, Happened.MAINTENANCE_ENDED, mail)
        tell_everybody(actor, mail.organization, "mail/maintenance_ended", {"service": service.name})
        publish_later(mail)
    return mail
