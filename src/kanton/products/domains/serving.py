"""Bringing the name servers to what a zone should be, and asking them whether they are there."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _

from kanton.core.actor import System
from kanton.products.domains.actions import changed_since_proof, settle_zone
from kanton.products.domains.engine import Doubt, EngineTrouble, Proof, engine
from kanton.products.domains.models import Zone
from kanton.products.domains.queries import published_zone

ACTOR = System("dns")
STUCK_AFTER = 120
LONGEST_RETRY = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """Whether the server confirmed the zone, else why not and when to look again."""

    is_proved: bool
    reason: str = ""
    retry_seconds: float = 0.0


def serve(zone_id: int) -> Served:
    """Publish a zone (or withdraw it) and ask the server. Keeps the answer with the zone."""
    zone = Zone.objects.select_related("domain", "organization").get(pk=zone_id)
    if zone.is_proved:
        return Served(True)
    version, number = zone.wish_version, zone.version
    with translation.override(zone.organization.language):
        proof = _bring(zone)
        if proof:
            settle_zone(ACTOR, zone, version, number=number, is_proved=True, reason="")
            return Served(True)
        reason = _words(proof)
        is_stuck = zone.wish_age_seconds > STUCK_AFTER
        remedy = _("Nothing is lost and we keep trying. If it lasts, contact us.") if is_stuck else ""
        settle_zone(ACTOR, zone, version, number=number, is_proved=False, reason=reason, remedy=remedy)
    return Served(False, reason, min(LONGEST_RETRY, max(0.2, zone.wish_age_seconds / 4)))


def _bring(zone: Zone) -> Proof:
    try:
        if not zone.is_served:
            engine().withdraw(zone.name)
            return Proof() if engine().is_gone(zone.name) else Proof(Doubt.OLD)
        wanted = published_zone(zone)
        if Zone.objects.filter(pk=zone.pk, version=zone.version).exists():
            engine().publish(wanted)
        return engine().probe(wanted, changed_since_proof(zone))
    except EngineTrouble as trouble:
        return Proof(Doubt.SILENT, about=str(trouble))


def _words(proof: Proof) -> str:
    words = {
        Doubt.SILENT: _("The name server does not answer."),
        Doubt.REFUSED: _("The name server does not know the zone yet."),
        Doubt.OLD: _("The name server still answers the version before."),
        Doubt.DIFFERENT: _("The name server answers something else for %(about)s."),
    }
    assert proof.doubt is not None
    return words[proof.doubt] % {"about": proof.about}
