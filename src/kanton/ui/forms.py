"""Forms that look alike everywhere, turn business errors into field errors, and show what will happen.

class InviteForm(Form):
    email = forms.EmailField(label=_("Email address"), help_text=_("We send the invitation there."))

def invite(request):
    return carry_out(
        request,
        InviteForm(request.POST or None),
        invite_member, request.organization,
        page="organizations/invite.html", partial="organizations/_invite_form.html",
        then=lambda invitation: finished(request, _("The invitation is on its way."), to=people_url),
    )
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import cached_property, lazy

from kanton.core import pictures
from kanton.core.action import Effect, dry_run
from kanton.core.errors import DomainError, Forbidden, NotFound
from kanton.core.money import Money
from kanton.ui.hx import hx_render, is_htmx

R = TypeVar("R")
PREVIEW = "_preview"
# What a browser may fill in by itself, by the names that our fields bear. An address of somebody else is not among it.
AUTOCOMPLETE = {
    "first_name": "given-name",
    "last_name": "family-name",
    "company": "organization",
    "street": "street-address",
    "postal_code": "postal-code",
    "city": "address-level2",
    "country": "country",
    "phone": "tel",
}


class Renderer(DjangoTemplates):
    """Draws forms and fields with the templates of the design system."""

    form_template_name = "ui/form.html"
    field_template_name = "ui/field.html"


class FormLook:
    """What every form of the console shares; mixed into Form and ModelForm."""

    fields: dict[str, forms.Field]
    default_renderer = Renderer()
    error_css_class = "is-wrong"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name, token in AUTOCOMPLETE.items():
            if name in self.fields:
                self.fields[name].widget.attrs.setdefault("autocomplete", token)

    @contextmanager
    def catching(self) -> Iterator[None]:
        """Turn a business error inside the block into an error of this form.

        Not-yours and not-allowed are no input errors: they go on to their own pages.
        """
        try:
            yield
        except (NotFound, Forbidden):
            raise
        except DomainError as error:
            self.add_domain_error(error)

    def add_domain_error(self: Any, error: DomainError) -> None:
        """Show a business error under its field, or above the form when the form lacks that field."""
        known = error.field if error.field in self.fields else None
        if known and self.fields[known].widget.is_hidden:
            known = None
        self.add_error(known, ValidationError(error.sentence, code=error.code))


def filled(text: Any, **values: Any) -> Any:
    """A lazy text with values in it, put together in the language of whoever reads it. `%` would do it when the class
    is made, and freeze the language of that moment."""
    return lazy(lambda: str(text) % values, str)()


class Form(FormLook, forms.Form):  # type: ignore[misc]
    """The base of every form of the console."""


class ModelForm(FormLook, forms.ModelForm):  # type: ignore[type-arg, misc]
    """The base of forms made from a model. They validate; an action saves."""


class Textarea(forms.Textarea):
    """A text area that grows with what is written."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"rows": 4, "data-grow": "", **(attrs or {})})


class Switch(forms.CheckboxInput):
    """A check box drawn as a switch, for what takes effect as a whole: on or off."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "switch", "role": "switch", **(attrs or {})})


class Lines(forms.CharField):
    """Several values, one on each line."""

    def to_python(self, value: Any) -> Any:
        """A list without blanks."""
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        """One on each line."""
        return "\n".join(value) if isinstance(value, list) else value

    def run_validators(self, value: Any) -> None:
        """What a line may be is said by the action."""


class PictureField(forms.FileField):
    """A picture. Cleaned, it is what `draw` made of its bytes; a refusal of `draw` stands at the field."""

    def __init__(
        self, draw: Callable[[bytes], Any], *, formats: Sequence[str], max_bytes: int, **more: Any
    ) -> None:
        accept = ",".join(f"image/{kind.lower()}" for kind in formats)
        super().__init__(widget=forms.FileInput({"accept": accept}), **more)
        self._draw, self._max_bytes = draw, max_bytes

    def clean(self, data: Any, initial: Any = None) -> Any:
        """The picture drawn anew, or the reason why it cannot be. None when an optional one was not sent."""
        sent = super().clean(data, initial)
        if not sent:
            return None
        try:
            pictures.refuse_size(sent.size, self._max_bytes)
            return self._draw(sent.read())
        except DomainError as error:
            raise ValidationError(error.sentence, code=error.code) from error


class DateInput(forms.DateInput):
    """The browser's own date field."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class Password(forms.PasswordInput):
    """A password with a button that shows it."""

    def __init__(self, *, new: bool = False, attrs: dict[str, Any] | None = None) -> None:
        kind = "new-password" if new else "current-password"
        super().__init__({"autocomplete": kind, "data-reveal": "", **(attrs or {})})


def _stays(data: Mapping[str, Any]) -> bool:
    return "before" in data and data["before"] == data.get("after")


@dataclass(frozen=True)
class Preview:
    """What a form is about to do, in the customer's words. Filled from a dry run."""

    changes: Sequence[str] = ()
    costs: Sequence[tuple[str, Money]] = ()
    mails: Sequence[tuple[str, str]] = ()
    irreversible: Sequence[str] = ()
    error: str = ""
    notes: Sequence[str] = field(default_factory=tuple)

    @classmethod
    def of(cls, effect: Effect, *, notes: Sequence[str] = ()) -> Preview:
        """The preview of a dry run; `notes` adds sentences that no record tells.

        A record that says "from x to x" is no change: the form was opened and nothing entered yet.
        """
        return cls(
            changes=[record.sentence for record in effect.records if not _stays(record.data)],
            costs=effect.costs,
            mails=effect.mails,
            irreversible=effect.irreversible,
            notes=[*effect.notes, *notes],
        )

    @cached_property
    def total(self) -> Money | None:
        """The sum of the costs, VAT included, when there is more than one."""
        if len(self.costs) < 2:
            return None
        return Money.sum((amount for _label, amount in self.costs), self.costs[0][1].currency)

    @property
    def is_empty(self) -> bool:
        """Nothing would happen."""
        return not (self.changes or self.costs or self.mails or self.irreversible or self.notes or self.error)


def wants_preview(request: HttpRequest) -> bool:
    """Whether the form was sent to look at its effect and not to have it."""
    return PREVIEW in request.POST


def preview(
    request: HttpRequest, effect: Effect | DomainError | None, *, notes: Sequence[str] = ()
) -> HttpResponse:
    """The side panel "What will happen", from the dry run or from the error that it met.

    None means that the form is not complete yet. Without JavaScript the panel is a page of its own that sends
    the same form again to do it.
    """
    if isinstance(effect, DomainError):
        found: Preview | None = Preview(error=effect.sentence)
    else:
        found = Preview.of(effect, notes=notes) if effect else None
    if is_htmx(request):
        return render(request, "ui/_what_will_happen.html", {"preview": found})
    again = [(key, value) for key, values in request.POST.lists() if key != PREVIEW for value in values]
    return render(request, "ui/what_will_happen.html", {"preview": found, "again": again})


def carry_out(
    request: HttpRequest,
    form: Any,
    do: Callable[..., R],
    *args: Any,
    page: str,
    partial: str,
    then: Callable[[R], HttpResponse],
    context: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
    **extra: Any,
) -> HttpResponse:
    """The whole life of a form in one call: show it, preview it, run the action `do`, answer.

    `do(request.actor, *args, **form.cleaned_data, **extra)` runs when the form is valid, and `then` turns its
    result into the answer. A business error comes back under its field with status 422; a preview is a dry run.
    """
    filled = {**(context or {}), "form": form}
    if not form.is_bound:
        return hx_render(request, page, partial, filled)
    actor = request.actor  # type: ignore[attr-defined]
    if form.is_valid():
        values = {**form.cleaned_data, **extra}
        if wants_preview(request):
            try:
                return preview(request, dry_run(do, actor, *args, **values), notes=notes)
            except (NotFound, Forbidden):
                raise
            except DomainError as error:
                return preview(request, error)
        with form.catching():
            return then(do(actor, *args, **values))
    elif wants_preview(request) and is_htmx(request):
        return preview(request, None)
    return hx_render(request, page, partial, filled, status=422)
