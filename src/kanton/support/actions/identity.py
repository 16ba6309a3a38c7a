"""Proofs of identity: opened, handed in, decided, carried out, forgotten (SUP-31…42)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db.models import Q

from kanton.accounts.models import Person, address_key
from kanton.accounts.recovery.models import Released
from kanton.core import clock
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import PUBLIC, SELF, STAFF, SYSTEM
from kanton.core.secrets import new_token, token_hash
from kanton.core.throttle import Rule, throttle, throttle_all
from kanton.support import documents, emails
from kanton.support.activity import Happened
from kanton.support.errors import (
    CheckGone,
    NothingToSend,
    NotThisReason,
    NotUnderExamination,
    OwnCase,
    WhichAccount,
)
from kanton.support.models import ALARM_AFTER, CASE_LIFE, DOCUMENT_LIFE, OPEN, CheckState, IdentityCheck
from kanton.support.photos import drawn_anew
from kanton.support.reasons import hold_for, label_of, public_reasons, reason_called

WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)


@internal("Opened by the room whose matter it is, such as an order that was blocked.")
@action(right=SYSTEM)
def open_identity_check(
    actor: Actor, person: Person, *, reason: str, about: str = "", about_label: str = ""
) -> IdentityCheck:
    """A case about this person; the procedure goes to the login e-mail. One open case for a matter is enough."""
    reason_called(reason)
    known = IdentityCheck.objects.filter(person=person, reason=reason, about=about, state__in=OPEN).first()
    case = known or IdentityCheck(
        person=person,
        reason=reason,
        about=about,
        about_label=about_label[:120],
        contact=person.email,
        language=person.language,
        time_zone=person.time_zone,
    )
    if known is None:
        case.save()
    record(actor, Happened.CHECK_OPENED, case, reason=label_of(reason))
    if case.state == CheckState.WAITING:
        _send_link(case)
    return case


@internal("Whoever lost the way in has no token; browsers ask through the page.")
@action(right=PUBLIC)
def ask_for_identity_check(
    actor: Actor,
    *,
    reason: str,
    email: str,
    contact: str,
    words: str = "",
    language: str = "en",
    person_id: int | None = None,
) -> None:
    """Have the procedure sent to an address that can be read. The same for every login e-mail, known or not (SUP-42).

    `person_id` is whose second step of sign-in is awaited: then the password was right, and nothing need be typed.
    """
    if reason not in {each.code for each in public_reasons()}:
        raise NotThisReason
    _limit(actor, email if person_id is None else f"#{person_id}", contact)
    person = _who(email, person_id)
    case = IdentityCheck.objects.create(
        person=person,
        reason=reason,
        contact=contact.strip(),
        claimed="\n".join(part for part in (email.strip(), words.strip()[:1000]) if part),
        language=language,
        time_zone=person.time_zone if person is not None else "Europe/Zurich",
    )
    record(actor, Happened.CHECK_OPENED, case, reason=label_of(reason))
    _send_link(case)
    after_commit(_tell_account_task(), case.pk)


def _limit(actor: Actor, who: str, contact: str) -> None:
    """Three in seven days for a device and for an address; a stranger uses up little of what the account has."""
    account = token_hash(address_key(who))[:24]
    device = token_hash(f"{actor.ip} {actor.user_agent}")[:24]
    throttle_all(
        [
            Rule(f"identity-device:{device}", 3, WEEK),
            Rule(f"identity-contact:{token_hash(address_key(contact))[:24]}", 3, WEEK),
            Rule(f"identity-network:{actor.ip}", 20, WEEK),
            Rule(f"identity-account:{account}", 10, WEEK),
        ]
    ).or_refuse()


def _who(email: str, person_id: int | None) -> Person | None:
    """The account meant: of the second step, of the login e-mail, or of one that was deleted (ACC-66)."""
    if person_id is not None:
        return Person.objects.filter(pk=person_id, is_active=True).first()
    key = address_key(email)
    released = Released.objects.select_related("person").filter(
        completed_at=None, address__iexact=email.strip()
    )
    person = Person.objects.filter(email_key=key, is_active=True).first()
    lost = released.order_by("-pk").first()
    # Where both exist, the address has a new owner; who asks may be either, so staff choose the account.
    if person is not None and lost is not None:
        return None
    return person or (lost.person if lost is not None else None)


def _tell_account_task() -> object:
    from kanton.support.tasks import tell_account

    return tell_account


@internal("The red band of a blocked order offers it; programs have no camera.")
@action(right=SELF)
def resend_identity_check(actor: Actor, case: IdentityCheck) -> None:
    """Send the procedure again; the earlier link is void. Three times an hour (SUP-44, SUP-50)."""
    if case.state != CheckState.WAITING:
        raise NothingToSend
    throttle(f"identity-resend:{case.pk}", 3, HOUR).or_refuse()
    record(actor, Happened.CHECK_LINK_SENT, case)
    _send_link(case)


def _send_link(case: IdentityCheck) -> None:
    secret = new_token()
    case.digest, case.session_digest, case.link_at = token_hash(secret), "", clock.now()
    case.save(update_fields=["digest", "session_digest", "link_at"])
    emails.procedure(case, secret)


@internal("The link in a mail leads to a page.")
@action(right=PUBLIC)
def begin_identity_check(actor: Actor, *, secret: str) -> str:
    """Bind the link to one browser: the secret of its cookie. A second browser is refused (SUP-39)."""
    case = _by_link(secret)
    if case.session_digest:
        raise CheckGone
    session = new_token()
    case.session_digest = token_hash(session)
    case.save(update_fields=["session_digest"])
    record(actor, Happened.CHECK_BEGUN, case)
    return session


@internal("Photographs are taken on a page.")
@action(right=PUBLIC)
def submit_identity_check(
    actor: Actor, *, secret: str, session: str, photos: Mapping[str, bytes]
) -> IdentityCheck:
    """Hand the photographs in: drawn anew, encrypted, kept until the decision and 72 hours at most (SUP-36)."""
    case = _by_link(secret)
    if not case.session_digest or case.session_digest != token_hash(session):
        raise CheckGone
    drawn = {kind: drawn_anew(content, field=kind) for kind, content in photos.items()}
    documents.forget(case)
    for kind, photo in drawn.items():
        documents.keep(case, kind, photo)
    case.state, case.submitted_at, case.alarmed_at, case.digest = (
        CheckState.SUBMITTED, clock.now(), None, "",
    )  # fmt: skip
    case.save()
    record(actor, Happened.CHECK_SUBMITTED, case)
    reason_called(case.reason).submitted(actor, case)
    emails.received(case)
    emails.to_examine(case)
    return case


def _by_link(secret: str) -> IdentityCheck:
    found = IdentityCheck.objects.filter(digest=token_hash(secret)).first()
    case = _locked(found) if found is not None else None
    if case is None or case.digest != token_hash(secret) or not case.link_works:
        raise CheckGone
    return case


def _locked(case: IdentityCheck) -> IdentityCheck:
    """The case, held until the commit; what it is about first, as the room does whose matter it is."""
    hold_for(case)
    return IdentityCheck.objects.select_for_update().get(pk=case.pk)


@action(right=STAFF)
def decide_identity_check(
    actor: Actor, case: IdentityCheck, *, is_accepted: bool, words: str, email: str = ""
) -> IdentityCheck:
    """Accept or refuse, with the reason in words. Acceptance does the one thing of the case (SUP-41)."""
    case = _locked(case)
    if case.state != CheckState.SUBMITTED:
        raise NotUnderExamination
    if case.person_id is None and is_accepted:
        case.person = Person.objects.filter(email_key=address_key(email), is_active=True).first()
        if case.person is None:
            raise WhichAccount
    if case.person_id is not None and case.person_id == actor.person_id:
        raise OwnCase
    reason = reason_called(case.reason)
    case.decided_at, case.decided_by_id, case.words = clock.now(), actor.person_id, words.strip()[:500]
    if not is_accepted:
        case.state = CheckState.REFUSED
        record(actor, Happened.CHECK_REFUSED, case)
        reason.refuse(actor, case)
        emails.refused(case)
    elif reason.wait is not None:
        case.state, case.effect_at = CheckState.AGREED, clock.now() + reason.wait
        stop = new_token()
        case.cancel_digest = token_hash(stop)
        record(actor, Happened.CHECK_AGREED, case)
        emails.agreed(case, stop)
        after_commit(_carry_out_task(), case.pk, run_after=case.effect_at)
    else:
        case.state = CheckState.ACCEPTED
        record(actor, Happened.CHECK_ACCEPTED, case)
        reason.accept(actor, case)
        emails.accepted(case)
    case.save()
    _forget_documents(case)
    return case


def _carry_out_task() -> object:
    from kanton.support.tasks import carry_out_identity_check

    return carry_out_identity_check


def _forget_documents(case: IdentityCheck) -> None:
    """After the commit, so that a change that is rolled back loses nothing."""
    from kanton.support.tasks import forget_documents

    after_commit(forget_documents, case.pk)


@internal("The clock's: an accepted case whose day to object has passed.")
@action(right=SYSTEM, may_be_silent=True)
def carry_out_accepted_check(actor: Actor, case: IdentityCheck) -> None:
    """Do the one thing of the case, unless somebody stopped it."""
    case = _locked(case)
    if case.state != CheckState.AGREED or case.effect_at is None or clock.now() < case.effect_at:
        return
    case.state, case.cancel_digest = CheckState.ACCEPTED, ""
    case.save()
    record(actor, Happened.CHECK_CARRIED_OUT, case)
    reason_called(case.reason).accept(actor, case)
    emails.accepted(case)


@internal("The link in a mail leads to a page.")
@action(right=PUBLIC)
def stop_identity_check(actor: Actor, *, secret: str) -> IdentityCheck:
    """Stop what was accepted before it takes effect: whoever reads the account's mail did not lose it (SUP-41)."""
    found = IdentityCheck.objects.filter(cancel_digest=token_hash(secret)).first()
    case = _locked(found) if found is not None else None
    if case is None or case.state != CheckState.AGREED or case.cancel_digest != token_hash(secret):
        raise CheckGone
    case.state, case.cancel_digest = CheckState.ENDED, ""
    case.save()
    record(actor, Happened.CHECK_STOPPED, case)
    reason_called(case.reason).refuse(actor, case)
    emails.stopped(case)
    return case


@internal("The room that opened it has no more use for it, as when an order is cancelled.")
@action(right=SYSTEM)
def end_identity_check(actor: Actor, case: IdentityCheck) -> None:
    """End an open case without a decision; its documents go."""
    case = _locked(case)
    if case.is_open:
        case.state, case.digest, case.cancel_digest = CheckState.ENDED, "", ""
        case.save()
        _forget_documents(case)
    record(actor, Happened.CHECK_ENDED, case)


@internal("The clock's.")
@action(right=SYSTEM)
def lapse_identity_check(actor: Actor, case: IdentityCheck) -> None:
    """Nobody decided within 72 hours: the documents go, and new ones are asked for (SUP-36, SUP-37)."""
    case = _locked(case)
    if case.state == CheckState.SUBMITTED:
        case.state, case.submitted_at = CheckState.WAITING, None
        case.save()
        documents.forget(case)
        reason_called(case.reason).lapsed(actor, case)
        secret = new_token()
        case.digest, case.session_digest, case.link_at = token_hash(secret), "", clock.now()
        case.save(update_fields=["digest", "session_digest", "link_at"])
        emails.lapsed(case, secret)
    record(actor, Happened.CHECK_LAPSED, case)


@internal("The clock's.")
@action(right=SYSTEM, may_be_silent=True)
def watch_identity_checks(actor: Actor) -> None:
    """What is due: alarms after 48 hours, deletion after 72, and the end of cases that nobody goes on with."""
    now = clock.now()
    submitted = IdentityCheck.objects.filter(state=CheckState.SUBMITTED)
    for case in submitted.filter(submitted_at__lte=now - DOCUMENT_LIFE):
        lapse_identity_check(actor, case)
    for case in submitted.filter(
        submitted_at__lte=now - ALARM_AFTER, submitted_at__gt=now - DOCUMENT_LIFE, alarmed_at=None
    ):
        case.alarmed_at = now
        case.save(update_fields=["alarmed_at"])
        emails.alarm(case)
    public = [reason.code for reason in public_reasons()]
    for case in IdentityCheck.objects.filter(
        state=CheckState.WAITING, reason__in=public, link_at__lte=now - CASE_LIFE
    ):
        end_identity_check(actor, case)
    for case in IdentityCheck.objects.filter(state=CheckState.AGREED, effect_at__lte=now):
        carry_out_accepted_check(actor, case)
    # What remains of a closed case is outcome, time, kind and handler (SUP-38).
    closed = IdentityCheck.objects.exclude(state__in=OPEN).filter(
        Q(decided_at__lte=now - CASE_LIFE) | Q(decided_at=None, link_at__lte=now - CASE_LIFE)
    )
    for case in closed.exclude(session_digest="forgotten")[:500]:
        case.contact = case.claimed = case.digest = case.cancel_digest = ""
        case.session_digest = "forgotten"
        case.save()
