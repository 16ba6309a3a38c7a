"""Payment profiles over the API."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.billing.api import INVOICING, PAY, READ
from kanton.billing.models import PaymentProfile
from kanton.billing.profiles import queries
from kanton.billing.profiles.actions import (
    begin_profile,
    finish_profile,
    keep_prepaid_profile,
    make_default,
    remove_profile,
)
from kanton.billing.profiles.errors import CannotSave, NothingGiven, ProfileInUse
from kanton.billing.profiles.views import provider_page
from kanton.billing.schemas import CheckoutOut, Day
from kanton.config import config
from kanton.core.api import ApiRequest, Body, Lists, Router, Rows
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id

router = Router("Payment profiles")
PROFILE = INVOICING + "/payment_profile"


class ProfileOut(TypedDict):
    """A way to pay that is kept: never a card number."""

    id: int
    method: str
    label: str
    brand: str
    last_digits: str
    expires_on: Day | None
    is_default: bool


def _out(profile: PaymentProfile) -> ProfileOut:
    return {
        "id": profile.pk,
        "method": profile.provider,
        "label": profile.label,
        "brand": profile.brand,
        "last_digits": profile.last_digits,
        "expires_on": profile.expires_on.isoformat() if profile.expires_on else None,
        "is_default": profile.is_default,
    }


@router.get(PROFILE + "/list", scopes=READ, lists=Lists(order={"id": "pk"}, default="id"))
@exposes(queries.profiles_of)
def list_profiles(request: ApiRequest, account: int) -> Rows[ProfileOut]:
    """List the payment profiles of an organization."""
    return Rows(queries.profiles_of(request.actor, organization_by_id(request.actor, account)), _out)


class ProfileIn(Body):
    """By which payment method."""

    method: Annotated[str, Field(min_length=1, max_length=40)]


class BegunOut(CheckoutOut):
    """Where the payer gives the method, and the key by which the profile is then finished."""

    key: str


@router.post(PROFILE, scopes=PAY, status=201, errors=(CannotSave,), example={"method": "test"})
@exposes(begin_profile)
def create_profile(request: ApiRequest, account: int, data: ProfileIn) -> BegunOut:
    """Begin to add a payment profile: a person gives the method at the address in the answer."""
    begun = begin_profile(request.actor, organization_by_id(request.actor, account), method=data.method)
    url = provider_page(begun)
    return {"url": f"{config.web.address}{url}" if url.startswith("/") else url, "key": begun.key}


@router.post(PROFILE + "/prepaid", scopes=PAY, status=201)
@exposes(keep_prepaid_profile)
def create_prepaid_profile(request: ApiRequest, account: int) -> ProfileOut:
    """Have the prepaid account among the profiles, so that it can be the default."""
    return _out(keep_prepaid_profile(request.actor, organization_by_id(request.actor, account)))


@router.post(PROFILE + "/{key}/completion", scopes=PAY, errors=(NothingGiven,))
@exposes(finish_profile, queries.request_of)
def complete_profile(request: ApiRequest, account: int, key: str) -> ProfileOut:
    """Finish a profile once the person has given the method. Asked again, it is the same profile."""
    organization = organization_by_id(request.actor, account)
    return _out(finish_profile(request.actor, queries.request_of(request.actor, organization, key)))


@router.put(PROFILE + "/{profile}/default", scopes=PAY)
@exposes(make_default, queries.profile_of)
def set_default(request: ApiRequest, account: int, profile: int) -> ProfileOut:
    """Pay renewals with this profile from now on."""
    organization = organization_by_id(request.actor, account)
    return _out(make_default(request.actor, queries.profile_of(request.actor, organization, profile)))


@router.delete(PROFILE + "/{profile}", scopes=PAY, errors=(ProfileInUse,))
@exposes(remove_profile)
def delete_profile(request: ApiRequest, account: int, profile: int) -> bool:
    """Forget a payment profile. The one by which automatic renewals are paid stays until another is chosen."""
    organization = organization_by_id(request.actor, account)
    remove_profile(request.actor, queries.profile_of(request.actor, organization, profile))
    return True
