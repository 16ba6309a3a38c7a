"""The mails about domains."""

from __future__ import annotations

from django.utils import translation

from kanton.accounts.models import Person
from kanton.config import config
from kanton.core.outbox import send_mail
from kanton.organizations.correspondents.models import MailKind
from kanton.organizations.correspondents.queries import addressees
from kanton.products.contract import product_called
from kanton.products.domains.extensions import extension_of
from kanton.products.domains.models import Domain
from kanton.ui import formats


def expires(domain: Domain, step: int) -> list[str]:
    """Tell the domain's own address and the contacts for billing and for renewals that it expires (DOM-11, ORG-41).

    Each step goes out once per term and address.
    """
    organization = domain.organization
    contacts = [
        *addressees(organization, MailKind.BILLING),
        *addressees(organization, MailKind.RENEWAL),
    ]
    readers: dict[str, Person | None] = {person.email: person for person in contacts}
    if domain.notice_email:
        readers.setdefault(domain.notice_email, None)
    extension = extension_of(domain.name)
    for address, person in readers.items():
        language = person.language if person else organization.language
        with translation.override(language):
            until = formats.date(domain.expires_on)
        send_mail(
            address,
            "domains/expires",
            {
                "domain": domain.display_name,
                "organization": organization.name,
                "days": domain.days_left,
                "until": until,
                "redemption_days": extension.redemption_days if extension else 0,
                "link": config.web.address + product_called("domains").service_url(domain.service),
            },
            language=language,
            time_zone=person.time_zone if person else "",
            kind="domain_expiry",
            unique_key=f"domain-expiry:{domain.pk}:{domain.expires_on}:{step}:{address}",
        )
    return sorted(readers)
