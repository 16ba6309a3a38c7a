"""The form for many addresses."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError
from kanton.organizations.forms import RoleForm
from kanton.organizations.inviting.errors import NothingPasted, TooLarge
from kanton.organizations.inviting.lines import MOST_BYTES, MOST_LINES, decoded
from kanton.ui import forms as ui


class ManyForm(RoleForm):
    """A pasted list or a file, and the role of those for whom it names none. Cleaned: `table` as text, and `role`."""

    table = forms.CharField(
        label=_("Addresses"),
        required=False,
        max_length=MOST_BYTES,
        strip=False,
        widget=ui.Textarea({"rows": 8, "spellcheck": "false", "class": "mono", "autocapitalize": "off"}),
        help_text=ui.filled(
            _(
                "Paste addresses as your mail program copies them, or a table: address, role, teams, first name, last "
                "name, separated by commas, semicolons or tabs. At most %(most)s people at once."
            ),
            most=MOST_LINES,
        ),
    )
    file = forms.FileField(
        label=_("Or a CSV file"),
        required=False,
        help_text=_(
            "As spreadsheet programs save it. With a line of headings, the columns can stand in any order."
        ),
        widget=forms.FileInput({"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
    )
    field_order = ("table", "file", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("table", "file"):  # one of the two
            self.fields[name].is_expected = True  # type: ignore[attr-defined]
        self.fields["role"].label = _("Role of those for whom the list names none")

    def clean(self) -> dict[str, Any]:
        """The file counts, if there is one."""
        values = super().clean() or self.cleaned_data
        sent = values.pop("file", None)
        try:
            if sent is not None:
                if sent.size > MOST_BYTES:  # before it is read into memory
                    raise TooLarge(kilobytes=MOST_BYTES // 1024)
                values["table"] = decoded(sent.read())
            elif not values.get("table", "").strip() and "table" not in self.errors:
                raise NothingPasted
        except DomainError as error:
            self.add_error("file" if sent is not None else "table", error.sentence)
        return values
