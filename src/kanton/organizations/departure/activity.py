"""What happens when people go and come back."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of departures."""

    HANDED_OVER = (
        "departure.handed_over",
        _("%(actor)s handed %(target)s of %(person)s over to %(heir)s"),
        ("person", "heir"),
    )
    STAYED = (
        "departure.stayed",
        _("%(actor)s let %(target)s of %(person)s stay with the organization"),
        ("person",),
    )
    DELETED = (
        "departure.deleted",
        _("%(actor)s had %(target)s of %(person)s deleted; it can be brought back for 30 days"),
        ("person",),
    )
    STUCK = (
        "departure.stuck",
        _("%(target)s of %(person)s needs another answer: %(reason)s"),
        ("person",),
    )
    ANSWERED_ANEW = (
        "departure.answered_anew",
        _("%(actor)s decided anew about %(target)s of %(person)s"),
        ("person",),
    )
    LEFT = "departure.left", _("%(target)s left the organization"), ("target",)
    BROUGHT_BACK = (
        "departure.brought_back",
        _("%(actor)s brought %(target)s back into the organization"),
        ("target",),
    )
    PUT_BACK = "departure.put_back", _("%(target)s went back to %(person)s"), ("person",)
    CLOSED = (
        "departure.closed",
        _("The 30 days in which %(target)s could be brought back are over"),
        ("target",),
    )
