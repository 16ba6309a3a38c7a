"""The forms of the profile."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.accounts.profile.images import FORMATS, MAX_BYTES, RECOMMENDED_SIDE, prepare
from kanton.ui import forms as ui


class PictureForm(ui.Form):
    """A file with a picture. Cleaned, it is ready to be kept."""

    picture = ui.PictureField(
        prepare,
        formats=FORMATS,
        max_bytes=MAX_BYTES,
        label=_("Picture"),
        help_text=ui.filled(
            _("A photo as JPEG, PNG or WebP, at least %(side)s pixels wide and high, at most %(limit)s MB."),
            side=RECOMMENDED_SIDE,
            limit=MAX_BYTES // 1024**2,
        ),
    )


class BirthDateForm(ui.Form):
    """The date of birth, or nothing."""

    born_on = forms.DateField(
        label=_("Date of birth"),
        required=False,
        widget=ui.DateInput({"autocomplete": "bday"}),
        help_text=_("Optional, and shown to nobody else. Leave it empty to have it forgotten."),
    )


class PasswordAgainForm(ui.Form):
    """The login password, asked again."""

    current_password = forms.CharField(
        label=_("Your login password"), max_length=1000, strip=False, widget=ui.Password()
    )
