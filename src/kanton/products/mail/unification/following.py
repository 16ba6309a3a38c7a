"""Unified passwords when the login password changes, and when what they rest on changes."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext as _

from kanton.accounts.following import Follower, Offer
from kanton.accounts.models import Person
from kanton.core import jobs
from kanton.core.actor import Actor
from kanton.organizations.models import Grant, Membership
from kanton.organizations.signals import team_people_changed
from kanton.products.mail.engine.credentials import hash_password
from kanton.products.mail.models import MailboxLink
from kanton.products.mail.unification.actions import KEY, join, publish
from kanton.products.mail.unification.links import offered_mailbox
from kanton.products.mail.unification.models import Unification


def _link_of(person: Person) -> Unification | None:
    return Unification.objects.select_related("mailbox").filter(person=person).first()


def _offer(person: Person) -> Offer | None:
    link = _link_of(person)
    if link is not None:
        text = (
            _("This also changes the password of the mailbox %(address)s: you have unified the two.")
            if link.is_shared
            else _(
                "Your password and that of the mailbox %(address)s are unified, but while you use a second step the "
                "mailbox keeps its own."
            )
        )
        return Offer(text % {"address": link.mailbox}, is_choice=False)
    mailbox = offered_mailbox(person)
    if mailbox is None:
        return None
    return Offer(
        _("Use it for the mailbox %(address)s too") % {"address": mailbox},
        _(
            "One password for the account and for mail programs. From then on changing either one changes both. "
            "Without this the two stay different."
        ),
    )


def _changed(actor: Actor, person: Person, password: str, taken: bool) -> None:
    link = _link_of(person)
    if link is not None:
        _follow(link, password)
    elif taken and (mailbox := offered_mailbox(person)) is not None:
        join(actor, person, mailbox, password)


def _reset(actor: Actor, person: Person, password: str) -> None:
    if (link := _link_of(person)) is not None:
        _follow(link, password)


def _follow(link: Unification, password: str) -> None:
    link.login_hash = hash_password(password)
    link.save(update_fields=["login_hash"])
    publish(link.mailbox)


FOLLOWER = Follower(KEY, _offer, _changed, _reset)


def _look_again(sender: Any, **more: Any) -> None:
    """Who reads a mailbox, who may change its password, or a second factor has changed."""
    from kanton.products.mail.unification.tasks import check_unifications

    fields = more.get("update_fields")
    if sender is Person and fields is not None and not {"email", "is_active", "confirmed_at"} & set(fields):
        return
    if Unification.objects.exists():
        jobs.enqueue(check_unifications, unique_key="check-unifications")


def connect() -> None:
    """Called when Django starts. Rooms below know nothing of mail, so it listens to their rows."""
    team_people_changed.connect(_look_again, dispatch_uid="unification-teams")
    for model in (Membership, Grant, MailboxLink, Authenticator, Person):
        post_save.connect(_look_again, sender=model, dispatch_uid=f"unification-kept-{model.__name__}")
        post_delete.connect(_look_again, sender=model, dispatch_uid=f"unification-gone-{model.__name__}")
