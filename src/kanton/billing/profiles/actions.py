"""Every change of payment profiles. Exactly one of an organization's profiles is the default (BIL-49)."""

from __future__ import annotations

from collections.abc import Mapping

from kanton.billing.models import PaymentProfile
from kanton.billing.payments.contract import PaymentProvider, provider_called
from kanton.billing.profiles import emails
from kanton.billing.profiles.activity import Happened
from kanton.billing.profiles.errors import CannotSave, NothingGiven, ProfileInUse
from kanton.billing.profiles.models import ExpiryNotice, ProfileRequest
from kanton.billing.settling import PREPAID
from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.organizations.models import Organization
from kanton.organizations.rights import ACCOUNTING
from kanton.products.models import Service, Wanted


@action(right=ACCOUNTING)
def begin_profile(
    actor: Actor, organization: Organization, *, method: str, replaces: PaymentProfile | None = None
) -> ProfileRequest:
    """Begin to add (or renew) a profile: the payer gives the method on the provider's page (BIL-45)."""
    if _saving(method) is None:
        raise CannotSave
    request = ProfileRequest.objects.create(
        organization=organization, provider=method, person_id=actor.person_id, replaces=replaces
    )
    record(actor, Happened.PROFILE_BEGUN, organization)
    return request


@action(right=ACCOUNTING, may_be_silent=True)
def finish_profile(actor: Actor, request: ProfileRequest) -> PaymentProfile:
    """The payer came back: keep what the provider gives us instead of the card, once."""
    request = (
        ProfileRequest.objects.select_for_update(of=("self",))
        .select_related("organization")
        .get(pk=request.pk)
    )
    if request.profile is not None:
        return request.profile
    provider = _saving(request.provider)
    given = provider.finish_saving(request.key) if provider else None
    if provider is None or given is None:
        raise NothingGiven
    label = " ".join(
        part for part in (given.brand, f"···· {given.last_digits}" if given.last_digits else "") if part
    )
    values = {
        "label": label[:80] or str(provider.label),
        "token": given.token,
        "brand": given.brand[:30],
        "last_digits": given.last_digits,
        "expires_on": given.expires_on,
    }
    profile = request.replaces
    if profile is not None:
        for name, value in values.items():
            setattr(profile, name, value)
        profile.save()
    else:
        profile = _add(request.organization, request.provider, values)
    request.profile = profile
    request.save(update_fields=["profile"])
    record(actor, Happened.PROFILE_ADDED, profile)
    return profile


@action(right=ACCOUNTING)
def keep_prepaid_profile(actor: Actor, organization: Organization) -> PaymentProfile:
    """Have the prepaid account among the profiles, so that it can be the default (BIL-46)."""
    known = PaymentProfile.objects.filter(organization=organization, provider=PREPAID).first()
    profile = known or _add(organization, PREPAID, {"label": "Prepaid account"})
    record(actor, Happened.PROFILE_ADDED, profile)
    return profile


@action(right=ACCOUNTING)
def make_default(actor: Actor, profile: PaymentProfile) -> PaymentProfile:
    """Pay renewals with this from now on (BIL-47)."""
    _lock(profile.organization)
    PaymentProfile.objects.filter(organization=profile.organization_id, is_default=True).update(
        is_default=False
    )
    profile.is_default = True
    profile.save(update_fields=["is_default"])
    record(actor, Happened.PROFILE_DEFAULT, profile)
    return profile


@action(right=ACCOUNTING)
def remove_profile(actor: Actor, profile: PaymentProfile) -> None:
    """Forget a profile. The one by which automatic renewals are paid stays until another is chosen (BIL-49)."""
    _lock(profile.organization)
    profile.refresh_from_db()
    if profile.is_default and (products := renewed_automatically(profile.organization)):
        raise ProfileInUse(products=", ".join(products))
    record(actor, Happened.PROFILE_REMOVED, profile)
    was_default, organization = profile.is_default, profile.organization
    profile.delete()
    if was_default and (
        other := PaymentProfile.objects.filter(organization=organization).order_by("pk").first()
    ):
        other.is_default = True
        other.save(update_fields=["is_default"])


@internal("The clock does it 30 days before a profile expires.")
@action(right=SYSTEM, may_be_silent=True)
def tell_expiry(actor: Actor, profile: PaymentProfile) -> bool:
    """One mail about a profile that expires within 30 days (BIL-48). False if it went out before."""
    assert profile.expires_on is not None
    _notice, is_new = ExpiryNotice.objects.get_or_create(profile=profile, expires_on=profile.expires_on)
    if not is_new:
        return False
    record(actor, Happened.PROFILE_EXPIRES, profile, day=profile.expires_on.isoformat())
    emails.expires_soon(profile)
    return True


def renewed_automatically(organization: Organization) -> list[str]:
    """The names of what is renewed automatically."""
    found = Service.objects.filter(organization=organization, renews_automatically=True, wanted=Wanted.ACTIVE)
    return [str(service) for service in found.order_by("name")[:20]]


def _saving(code: str) -> PaymentProvider | None:
    try:
        provider = provider_called(code)
    except KeyError:
        return None
    return provider if provider.can_save and provider.is_offered else None


def _add(organization: Organization, provider: str, values: Mapping[str, object]) -> PaymentProfile:
    _lock(organization)
    is_first = not PaymentProfile.objects.filter(organization=organization).exists()
    return PaymentProfile.objects.create(
        organization=organization, provider=provider, is_default=is_first, created_at=clock.now(), **values
    )


def _lock(organization: Organization) -> None:
    # Not its key: who writes a row of the organization asks for that at the commit, and may be waited for here.
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
