"""Picture and date of birth."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.profile.actions import remove_picture, set_birth_date, set_picture
from kanton.accounts.profile.forms import BirthDateForm, PictureForm
from kanton.accounts.profile.images import RECOMMENDED_SIDE
from kanton.accounts.profile.models import Picture
from kanton.accounts.profile.pictures import address_of
from kanton.accounts.profile.queries import birth_date_of, picture_by_key, picture_of
from kanton.accounts.web import AccountRequest, signed_in
from kanton.core import pictures
from kanton.core.parity import shows
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished


@signed_in
@require_http_methods(["GET", "POST"])
@shows(picture_of)
def picture(request: AccountRequest) -> HttpResponse:
    """Send a picture, or look at the present one (ACC-13, ACC-14)."""
    form = PictureForm(request.POST, request.FILES) if request.method == "POST" else PictureForm()
    present = picture_of(request.actor)

    def then(_kept: Picture) -> HttpResponse:
        if form.cleaned_data["picture"].is_small:
            text = _(
                "Your picture is saved, but it has fewer than %(side)s pixels on a side and may look blurred."
            )
            return finished(
                request, text % {"side": RECOMMENDED_SIDE}, to=reverse("accounts:profile"), kind="waiting"
            )
        return finished(request, _("Your picture is saved."), to=reverse("accounts:profile"))

    return carry_out(
        request,
        form,
        set_picture,
        request.user,
        page="profile/picture.html",
        partial="profile/_picture_form.html",
        then=then,
        context={"present_url": address_of(present.key, size="large") if present else ""},
    )


@require_POST
@signed_in
def no_picture(request: AccountRequest) -> HttpResponse:
    """Show the initials again."""
    remove_picture(request.actor, request.user)
    return finished(request, _("Your picture is removed."), to=reverse("accounts:profile"))


@require_GET
def picture_file(request: HttpRequest, key: str, size: str) -> HttpResponse:
    """The picture itself. Its address changes with every new one, so browsers may keep it (ACC-13)."""

    def content() -> bytes:
        found = picture_by_key(key)
        return bytes(found.large if size == "large" else found.small)

    return pictures.served(request, f"{key[:16]}-{size}", content, public=False)


@signed_in
@require_http_methods(["GET", "POST"])
@shows(birth_date_of)
def birth_date(request: AccountRequest) -> HttpResponse:
    """Tell the date of birth, or have it forgotten (ACC-12)."""
    return carry_out(
        request,
        BirthDateForm(request.POST or None, initial={"born_on": birth_date_of(request.actor)}),
        set_birth_date,
        request.user,
        page="profile/birth_date.html",
        partial="profile/_birth_date_form.html",
        then=lambda _nothing: finished(request, _("Your profile is saved."), to=reverse("accounts:profile")),
    )
