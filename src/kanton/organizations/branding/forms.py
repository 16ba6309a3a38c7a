"""The forms of the look."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.organizations.branding import logos
from kanton.organizations.models import Corner
from kanton.ui import forms as ui


class CornerForm(ui.Form):
    """What stands in the top left corner (ORG-93)."""

    corner = forms.ChoiceField(label=_("Shown"), choices=Corner.choices, widget=forms.RadioSelect)
    initials = forms.CharField(
        label=_("Initials"),
        required=False,
        max_length=12,
        help_text=_("One to three letters or digits. Empty: those of the name."),
    )
    colour = forms.CharField(
        label=_("Colour"),
        required=False,
        max_length=7,
        help_text=_(
            "Behind the initials, such as #0b686e. They are written in white or black, whichever reads better. "
            "Empty: the usual colour."
        ),
        widget=forms.TextInput({"placeholder": "#0b686e"}),
    )
    square_logo = ui.PictureField(
        logos.square,
        formats=logos.FORMATS,
        max_bytes=logos.MAX_BYTES,
        label=_("Square logo"),
        required=False,
        help_text=ui.filled(
            _("PNG, JPEG or WebP, at least %(side)s pixels wide and high, at most %(limit)s MB."),
            side=logos.RECOMMENDED_SIDE,
            limit=logos.MAX_BYTES // 1024**2,
        ),
    )


class WideLogoForm(ui.Form):
    """The rectangular logo (ORG-94)."""

    logo = ui.PictureField(
        logos.wide,
        formats=logos.FORMATS,
        max_bytes=logos.MAX_BYTES,
        label=_("Rectangular logo"),
        help_text=ui.filled(
            _(
                "PNG, JPEG or WebP, at least %(height)s pixels high, at most %(limit)s MB. A transparent background "
                "suits light and dark."
            ),
            height=logos.RECOMMENDED_HEIGHT,
            limit=logos.MAX_BYTES // 1024**2,
        ),
    )
