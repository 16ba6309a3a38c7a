"""One's own account: profile, password, activity."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from kanton.accounts import forms, security
from kanton.accounts.actions import change_password, edit_profile
from kanton.accounts.models import Language, Person
from kanton.accounts.places import country_name
from kanton.accounts.profile.pictures import picture_url
from kanton.accounts.profile.queries import birth_date_of
from kanton.accounts.queries import activity_of, is_protected, person_of
from kanton.accounts.web import AccountRequest, keep_language, signed_in
from kanton.activity.queries import chain_state_of_person
from kanton.activity.tables import ActivityTable, with_dates
from kanton.core.parity import shows
from kanton.ui.forms import Form, carry_out
from kanton.ui.hx import finished, hx_render

EDITS: dict[str, tuple[Any, type[Form]]] = {
    "name": (gettext_lazy("Your name"), forms.NameForm),
    "language": (gettext_lazy("Your language"), forms.LanguageForm),
    "country": (gettext_lazy("Your country"), forms.CountryForm),
    "time-zone": (gettext_lazy("Your time zone"), forms.TimeZoneForm),
}


@signed_in
@require_GET
@shows(person_of)
def profile(request: AccountRequest) -> HttpResponse:
    """Name, login address, language, country, time zone, each with its pencil (ACC-12…18)."""
    person = request.user
    context = {
        "person": person,
        "boxes": list(security.boxes(request, "profile")),
        "language": Language(person.language).label,
        "country": country_name(person.country),
        "picture_url": picture_url(person),
        "born_on": birth_date_of(request.actor),
        "has_second_factor": is_protected(person.pk),
    }
    return hx_render(request, "accounts/profile.html", "accounts/profile.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
def edit(request: AccountRequest, what: str) -> HttpResponse:
    """Change one part of the profile, in a dialog or on a page."""
    heading, form_class = EDITS[what]
    now = {name: getattr(request.user, name) for name in form_class.base_fields}

    def then(person: Person) -> HttpResponse:
        response = finished(request, _("Your profile is saved."), to=reverse("accounts:profile"))
        keep_language(response, person.language)
        return response

    return carry_out(
        request,
        form_class(request.POST or None, initial=now),
        edit_profile,
        request.user,
        page="accounts/edit.html",
        partial="accounts/_edit_form.html",
        then=then,
        context={"heading": heading},
    )


@never_cache
@sensitive_post_parameters("current_password", "new_password")
@signed_in
@require_http_methods(["GET", "POST"])
def password(request: AccountRequest) -> HttpResponse:
    """Change the login password; this session goes on, the others end (ACC-27…31)."""

    def then(person: Person) -> HttpResponse:
        update_session_auth_hash(request, person)
        return finished(
            request,
            _("Your password is changed. All other sessions are signed out."),
            to=reverse("accounts:profile"),
        )

    return carry_out(
        request,
        forms.ChangePasswordForm(request.POST or None, person=request.user),
        change_password,
        request.user,
        page="accounts/password.html",
        partial="accounts/_password_form.html",
        then=then,
        keep_session=request.session.session_key or "",
    )


@signed_in
@require_GET
@shows(activity_of)
def activity(request: AccountRequest) -> HttpResponse:
    """What this account did, searchable (ACC-108, ACC-109)."""
    rows, dates = with_dates(request, activity_of(request.actor))
    table = ActivityTable(request, rows)
    context = {"dates": dates, "chain": chain_state_of_person(request.user.pk)}
    return table.response("accounts/activity.html", context)
