"""The forms of the wizard: what becomes of each thing, and the last one with password and tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person, address_key
from kanton.accounts.passwords import password_again
from kanton.core.errors import DomainError
from kanton.organizations.departure.actions import Answer
from kanton.organizations.departure.contract import Choice, Holding, Offer
from kanton.organizations.departure.models import Settlement
from kanton.organizations.departure.queries import Held
from kanton.organizations.models import Membership
from kanton.ui import forms as ui

# A list of more people than this helps nobody; then their address is typed.
LISTED = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of a step: its holding, and the two fields that answer for it."""

    held: Held
    choice: BoundField
    heir: BoundField | None

    @property
    def options(self) -> list[tuple[Offer, Any]]:
        """Each offer with its radio button."""
        return list(zip(self.held.holding.offers, self.choice, strict=True))


class AnswersForm(ui.Form):
    """One step: every thing of one source. What is left open stays open; nothing is chosen beforehand (ORG-51)."""

    def __init__(
        self, data: Mapping[str, Any] | None, *, held: Sequence[Held], heirs: QuerySet[Membership]
    ) -> None:
        super().__init__(data)
        self.held, self.heirs = held, heirs
        listed = list(heirs[: LISTED + 1])
        for number, one in enumerate(held):
            answer = one.answer
            self.fields[f"choice-{number}"] = forms.ChoiceField(
                label=one.holding.label,
                choices=[(offer.choice.value, offer.label) for offer in one.holding.offers],
                initial=answer.choice if answer is not None else "",
                widget=forms.RadioSelect,
                error_messages={"required": _("Choose what becomes of it.")},
            )
            if (offer := one.holding.offer(Choice.HAND_OVER)) is not None:
                self.fields[f"heir-{number}"] = _heir_field(
                    [heir for heir in listed if heir.role in offer.roles], answer, len(listed) > LISTED
                )

    @property
    def rows(self) -> list[Row]:
        """What the template draws."""
        return [
            Row(
                one,
                self[f"choice-{number}"],
                self[f"heir-{number}"] if f"heir-{number}" in self.fields else None,
            )
            for number, one in enumerate(self.held)
        ]

    def clean(self) -> dict[str, Any]:
        """The arguments of `keep_answers`."""
        values = super().clean() or self.cleaned_data
        answers = []
        for number, one in enumerate(self.held):
            choice = values.get(f"choice-{number}", "")
            heir = None
            if choice == Choice.HAND_OVER:
                heir = self._heir(str(values.get(f"heir-{number}") or ""))
                if heir is None:
                    self.add_error(f"heir-{number}", _("Choose who gets it."))
            if choice:
                answers.append(Answer(one.key, choice, heir))
        return {"answers": answers}

    def _heir(self, named: str) -> int | None:
        """The account chosen from the list, or named by its login address."""
        chosen = Q(person_id=named) if named.isdecimal() else Q(person__email_key=address_key(named))
        return self.heirs.filter(chosen).values_list("person_id", flat=True).first()


class AnewForm(AnswersForm):
    """One thing that needs another answer."""

    def __init__(
        self, data: Mapping[str, Any] | None, *, holding: Holding, source: Any, heirs: QuerySet[Membership]
    ) -> None:
        super().__init__(data, held=[Held(source, holding)], heirs=heirs)

    def clean(self) -> dict[str, Any]:
        """The arguments of `answer_anew`."""
        answers = super().clean()["answers"]
        return {"choice": answers[0].choice, "heir": answers[0].heir} if answers else {}


def _heir_field(heirs: Sequence[Membership], answer: Settlement | None, is_long: bool) -> forms.Field:
    """A list of people, or where there are too many, the address of one. Asked only if it is handed over."""
    known = str(answer.heir_id) if answer is not None and answer.heir_id else ""
    found: Any
    if not is_long:
        people = [(str(heir.person_id), heir.person.display_name) for heir in heirs]
        found = forms.ChoiceField(
            label=_("Who gets it"), choices=[("", "–"), *people], initial=known, required=False
        )
    else:
        address = answer.heir.email if answer is not None and answer.heir is not None else ""
        found = forms.EmailField(label=_("Login address of whoever gets it"), initial=address, required=False)
    found.is_expected = True
    return found  # type: ignore[no-any-return]


class RemoveForm(ui.Form):
    """The login password and the tick before somebody is removed (ORG-48). Who has no password proved it otherwise."""

    current_password = forms.CharField(
        label=_("Your login password"), max_length=1000, strip=False, widget=ui.Password()
    )
    sure = forms.BooleanField(label=_("Yes, end all access of this person"))

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        if not person.has_usable_password():
            del self.fields["current_password"]

    def clean(self) -> dict[str, Any]:
        """A wrong password stops it; a look at what will happen needs neither password nor tick."""
        values = super().clean() or self.cleaned_data
        if ui.PREVIEW in self.data:
            self.errors.clear()
        elif "current_password" in values:
            try:
                password_again(self.person, values["current_password"])
            except DomainError as error:
                self.add_error("current_password", ValidationError(error.sentence, code=error.code))
        return {}
