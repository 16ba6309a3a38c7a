"""What happens to domains and zones, each with its sentence."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of domains and zones."""

    DOMAIN_SET_UP = "domains.domain_set_up", _("%(actor)s started the registration of %(target)s")
    DOMAIN_REGISTERED = "domains.domain_registered", _("%(target)s is registered until %(until)s")
    DOMAIN_FAILED = "domains.domain_failed", _("%(target)s could not be registered: %(reason)s")
    DOMAIN_STATE = "domains.domain_state", _("%(target)s is now: %(state)s")
    DOMAIN_RENEWED = "domains.domain_renewed", _("%(target)s was renewed at the registry until %(until)s")
    EXPIRY_TOLD = "domains.expiry_told", _("%(target)s expires on %(until)s; a reminder went out")
    NAMESERVERS_SET = (
        "domains.nameservers_set",
        _("%(actor)s set the name servers of %(target)s from %(before)s to %(after)s"),
    )
    NAMESERVERS_READY = (
        "domains.nameservers_ready",
        _("The registry has the name servers of %(target)s: %(after)s"),
    )
    LOCK_SET = "domains.lock_set", _("%(actor)s locked %(target)s against transfers")
    LOCK_LIFTED = "domains.lock_lifted", _("%(actor)s unlocked %(target)s for a transfer")
    CONTACT_CHANGED = (
        "domains.contact_changed",
        _("%(actor)s changed the contact details (%(role)s) of %(target)s"),
    )
    NOTICES_GO_TO = (
        "domains.notices_go_to",
        _("%(actor)s has reminders about %(target)s sent to %(email)s"),
        ("email",),
    )
    ZONE_CREATED = "domains.zone_created", _("%(actor)s created the zone %(target)s")
    ZONE_DELETED = "domains.zone_deleted", _("%(actor)s deleted the zone %(target)s")
    ZONE_PARKED = "domains.zone_parked", _("The zone %(target)s is not answered any more")
    RECORD_ADDED = "domains.record_added", _("%(actor)s added to %(target)s: %(after)s")
    RECORD_CHANGED = "domains.record_changed", _("%(actor)s changed in %(target)s: %(before)s to %(after)s")
    RECORD_REMOVED = "domains.record_removed", _("%(actor)s removed from %(target)s: %(before)s")
    RECORDS_REMOVED = "domains.records_removed", _("%(actor)s removed %(count)s records from %(target)s")
    ZONE_IMPORTED = (
        "domains.zone_imported",
        _("%(actor)s imported a zone file into %(target)s: %(added)s added, %(removed)s removed"),
    )
    ZONE_RESTORED = "domains.zone_restored", _("%(actor)s brought %(target)s back to version %(number)s")
    RECORDS_LINKED = "domains.records_linked", _("%(actor)s linked %(owner)s in %(target)s: %(after)s")
    RECORDS_UNLINKED = "domains.records_unlinked", _("%(actor)s unlinked %(owner)s in %(target)s: %(before)s")
    ZONE_PROVED = "domains.zone_proved", _("The name server answers %(target)s with serial %(serial)s")
    ZONE_STUCK = "domains.zone_stuck", _("The name server does not answer %(target)s as wanted: %(reason)s")
