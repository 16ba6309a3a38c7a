"""The kinds of things that happen to proofs of the log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of proofs of the log."""

    READERS_CHOSEN = (
        "trail.readers_chosen",
        _("%(actor)s chose who gets the daily proof of the log: %(people)s"),
        ("people",),
    )
    EXPORT_ORDERED = "trail.export_ordered", _("%(actor)s ordered a file of the log")
