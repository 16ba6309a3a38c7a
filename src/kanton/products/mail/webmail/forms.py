"""Writing a message."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from kanton.config import config
from kanton.products.mail import mime
from kanton.products.mail.addresses import BadAddress, parse_address
from kanton.ui import forms as ui


class Recipients(forms.CharField):
    """Addresses with or without names, separated by commas; becomes a list of `mime.Person`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=20_000,
            widget=forms.TextInput(
                attrs={"autocomplete": "off", "inputmode": "email", "spellcheck": "false"}
            ),
            **options,
        )

    def clean(self, value: Any) -> Any:
        """The recipients; the first one that is no address is named."""
        text = (super().clean(value) or "").replace(";", ",").replace("\n", ",").strip(" ,")
        found = mime.people([text]) if text else ()
        for person in found:
            try:
                parse_address(person.address)
            except BadAddress as error:
                raise ValidationError(
                    _("“%(address)s” is not an e-mail address."), params={"address": person.address}
                ) from error
        if text and not found:
            raise ValidationError(_("“%(address)s” is not an e-mail address."), params={"address": text[:80]})
        return found


class Files(forms.FileInput):
    """Several files at once."""

    allow_multiple_selected = True


class Attachments(forms.FileField):
    """Files of together at most 25 MB."""

    widget = Files(attrs={"multiple": True})

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[bytes]]:
        """The files; refused when they are too large together."""
        files: list[UploadedFile[bytes]] = [file for file in (data or []) if file]
        if sum(file.size or 0 for file in files) > mime.WEBMAIL_ATTACHMENTS_MAX:
            raise ValidationError(
                _(
                    "The attachments are larger than 25 MB together. Remove some, or send a link to them instead."
                )
            )
        return files


class ComposeForm(ui.Form):
    """A new message, a reply or a forward."""

    to = Recipients(label=_("To"), required=False)
    cc = Recipients(label=_("Cc"), required=False)
    bcc = Recipients(label=_("Bcc"), required=False)
    subject = forms.CharField(label=_("Subject"), required=False, max_length=900)
    text = forms.CharField(
        label=_("Message"),
        required=False,
        strip=False,
        widget=ui.Textarea({"rows": 14}),
        max_length=2_000_000,
    )
    attachments = Attachments(label=_("Attachments"), required=False, help_text=_("Up to 25 MB together."))
    in_reply_to = forms.CharField(required=False, widget=forms.HiddenInput, max_length=998)
    references = forms.CharField(required=False, widget=forms.HiddenInput, max_length=20_000)
    answers = forms.CharField(required=False, widget=forms.HiddenInput, max_length=600)

    def __init__(self, *args: Any, is_draft: bool = False, **kwargs: Any) -> None:
        self.is_draft = is_draft
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """A message needs somebody to go to, and not too many at once (MAIL-42)."""
        values: dict[str, Any] = super().clean() or {}
        recipients = [*values.get("to", ()), *values.get("cc", ()), *values.get("bcc", ())]
        if not self.is_draft and not recipients and not self.errors:
            self.add_error("to", _("Say who should get this message."))
        if len(recipients) > config.smtp.max_recipients:
            self.add_error(
                "to",
                ValidationError(
                    _("A message goes to at most %(most)s people. For more, use the newsletter."),
                    params={"most": config.smtp.max_recipients},
                ),
            )
        return values
