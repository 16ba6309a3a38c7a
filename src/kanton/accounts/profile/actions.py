"""Every change of a profile, and the end of an account."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from kanton.accounts import ending
from kanton.accounts.models import Person
from kanton.accounts.passwords import password_again
from kanton.accounts.profile import emails, exporting
from kanton.accounts.profile.activity import Happened
from kanton.accounts.profile.errors import AccountCannotEnd, ExportUnderWay, NotABirthDate
from kanton.accounts.profile.images import Prepared
from kanton.accounts.profile.models import BirthDate, Export, ExportState, Picture
from kanton.activity.log import erase_person
from kanton.core import clock
from kanton.core.action import action, after_commit, note_irreversible, record
from kanton.core.actor import Actor
from kanton.core.errors import NotFound
from kanton.core.parity import internal
from kanton.core.rights import SELF, SYSTEM
from kanton.core.secrets import new_token

OLDEST_YEARS = 130
EXPORT_LIFE = dt.timedelta(days=7)


@action(right=SELF)
def set_picture(actor: Actor, person: Person, *, picture: Prepared) -> Picture:
    """Show this picture everywhere in place of the initials (ACC-13). `picture` is what `images.prepare` made."""
    kept, _is_new = Picture.objects.update_or_create(
        person=person,
        defaults={
            "key": new_token(),
            "large": picture.large,
            "small": picture.small,
            "uploaded_at": clock.now(),
        },
    )
    person.picture_key = kept.key
    person.save(update_fields=["picture_key"])
    record(actor, Happened.PICTURE_CHANGED, person)
    return kept


@action(right=SELF)
def remove_picture(actor: Actor, person: Person) -> None:
    """Show the initials again; the picture is deleted (ACC-15)."""
    Picture.objects.filter(person=person).delete()
    person.picture_key = ""
    person.save(update_fields=["picture_key"])
    record(actor, Happened.PICTURE_REMOVED, person)


@action(right=SELF, may_be_silent=True)
def set_birth_date(actor: Actor, person: Person, *, born_on: dt.date | None) -> None:
    """Keep the date of birth, or forget it (ACC-12). It is shown to nobody else."""
    today = clock.today()
    if born_on is not None and not (today.year - OLDEST_YEARS <= born_on.year and born_on <= today):
        raise NotABirthDate
    known = BirthDate.objects.filter(person=person).first()
    if born_on == (known.born_on if known else None):
        return
    if born_on is None:
        BirthDate.objects.filter(person=person).delete()
    else:
        BirthDate.objects.update_or_create(person=person, defaults={"born_on": born_on})
    record(actor, Happened.BIRTH_DATE_CHANGED, person)


@action(right=SELF)
def delete_account(actor: Actor, person: Person, *, current_password: str) -> None:
    """Delete the account and everything that is only its own, at once and for good (ACC-67…71).

    Refused while an organization would be left without an owner. The login address becomes free; whoever registers
    with it later inherits nothing.
    """
    password_again(person, current_password)
    person = Person.objects.select_for_update().get(pk=person.pk)
    if obstacles := ending.obstacles_of(person):
        raise AccountCannotEnd(obstacles)
    note_irreversible(_("A deleted account cannot be brought back."))
    emails.account_deleted(person)
    record(actor, Happened.ACCOUNT_DELETED, person)
    ending.carry_out(actor, person)
    erase_person(person.pk)
    person.delete()


@action(right=SELF)
def ask_for_export(actor: Actor, person: Person, *, current_password: str) -> Export:
    """Have a file made with everything the account knows about its person. A mail tells when it is ready."""
    from kanton.accounts.profile.tasks import make_export

    password_again(person, current_password)
    if Export.objects.filter(person=person, state=ExportState.WAITING).exists():
        raise ExportUnderWay
    export = Export.objects.create(person=person, parts=len(exporting.parts()))
    record(actor, Happened.EXPORT_ASKED, export)
    after_commit(make_export, export.pk)
    return export


@internal("The job behind ask_for_export.")
@action(right=SYSTEM)
def finish_export(actor: Actor, export: Export, *, file: str, size_bytes: int) -> None:
    """The file is there: for seven days, and for its person only."""
    export.state, export.file, export.size_bytes = ExportState.READY, file, size_bytes
    export.ready_at, export.expires_at = clock.now(), clock.now() + EXPORT_LIFE
    export.done = export.parts
    export.save()
    record(actor, Happened.EXPORT_READY, export)
    emails.export_ready(export)


@internal("The download is a file; it follows the password on the page.")
@action(right=SELF)
def fetch_export(actor: Actor, export: Export, *, current_password: str) -> Export:
    """Hand the file out, to somebody who knows the login password."""
    password_again(export.person, current_password)
    if export.state != ExportState.READY or export.expires_at is None or export.expires_at <= clock.now():
        raise NotFound(model="export")
    record(actor, Happened.EXPORT_FETCHED, export)
    return export
