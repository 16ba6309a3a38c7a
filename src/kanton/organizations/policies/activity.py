"""The kinds of things that happen to security rules."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of security rules."""

    SECOND_FACTOR_DEMANDED = (
        "policies.second_factor_demanded",
        _("%(actor)s demands a second factor of everybody in %(target)s from %(day)s on"),
    )
    SECOND_FACTOR_LEFT_OPEN = (
        "policies.second_factor_left_open",
        _("%(actor)s leaves it to everybody in %(target)s whether to use a second factor"),
    )
    APPS_INCLUDED = (
        "policies.apps_included",
        _("%(actor)s lets mail programs in %(target)s in only with passwords made with a second factor"),
    )
    APPS_LEFT_OUT = (
        "policies.apps_left_out",
        _("%(actor)s lets mail programs in %(target)s in with any of their passwords"),
    )
    REMINDED = (
        "policies.reminded",
        _("Those without second factor in %(target)s were reminded that it is demanded from %(day)s on"),
    )
    SESSIONS_LIMITED = (
        "policies.sessions_limited",
        _(
            "%(actor)s limited sign-ins in %(target)s from %(day)s on: %(hours)s hours, %(minutes)s minutes unused (0 "
            "is no limit)"
        ),
    )
    SESSIONS_LEFT_OPEN = (
        "policies.sessions_left_open",
        _("%(actor)s no longer limits how long sign-ins last in %(target)s"),
    )
    NETWORKS_LIMITED = (
        "policies.networks_limited",
        _(
            "%(actor)s lets owners and administrators of %(target)s act from %(networks)s only, from %(day)s on"
        ),
    )
    NETWORKS_LEFT_OPEN = (
        "policies.networks_left_open",
        _("%(actor)s lets owners and administrators of %(target)s act from anywhere"),
    )
    RULE_REMINDED = (
        "policies.rule_reminded",
        _("Whom it concerns was reminded of the rule of %(target)s that begins on %(day)s"),
    )
