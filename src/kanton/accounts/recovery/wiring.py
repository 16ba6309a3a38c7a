"""What other apps and rooms are told of recovery when Django starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from kanton.accounts import ending, hooks
from kanton.accounts.identifiers import is_substitute
from kanton.accounts.models import Person, address_key
from kanton.accounts.recovery import boxes
from kanton.accounts.recovery.actions.ways_back import begin_recovery_email
from kanton.accounts.recovery.models import proven_recovery_email
from kanton.accounts.recovery.queries import holder_of
from kanton.accounts.security import add_box
from kanton.core.actor import Actor
from kanton.core.outbox.sending import register_redirect
from kanton.ui.home import Attention, register_attention


def connect() -> None:
    """Register everything."""
    hooks.register_holder(holder_of)
    hooks.register_when_confirmed(_prove_recovery_too)
    register_redirect(_instead_of_substitute)
    register_attention("ways-back", _unproven)
    for box in boxes.BOXES:
        add_box(box)
    ending.register(ending.Ending("recovery", effects=_effects, order=60))


def _prove_recovery_too(actor: Actor, person: Person) -> None:
    """The recovery e-mail of the registration is to be proven once the login address is (ACC-48)."""
    if person.recovery_email and not proven_recovery_email(person):
        begin_recovery_email(actor, person, person.recovery_email)


def _instead_of_substitute(address: str) -> str | None:
    """While a login address is gone, mail for it goes to the recovery address (ACC-61)."""
    if not is_substitute(address):
        return None
    person = Person.objects.filter(email_key=address_key(address)).first()
    return person.recovery_email if person is not None else ""


def _unproven(request: HttpRequest) -> Iterator[Attention]:
    """For the start page: without a way back, a forgotten password is a long story."""
    user = request.user
    if user.is_authenticated and user.is_confirmed and not proven_recovery_email(user):
        text = _(
            "You have no confirmed recovery e-mail. Without one, a forgotten password means proving who you are."
        )
        yield Attention(text, reverse("accounts:security"), _("Set it up"), order=60)


def _effects(person: Person) -> Iterable[ending.Effect]:
    """Addresses and numbers go with the person's rows."""
    if person.recovery_email or person.phone:
        yield ending.Effect(_("Your recovery e-mail and mobile number are forgotten."))
