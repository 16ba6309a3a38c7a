"""Teams as the identity provider of an organization names them."""

from __future__ import annotations

from collections.abc import Sequence

from kanton.core.actor import System
from kanton.organizations.models import Membership
from kanton.organizations.teams.actions import follow_provider


def follow(membership: Membership, names: Sequence[str]) -> None:
    """For `organizations.sso.roles`: into the teams of these names, out of the others that rules once gave."""
    follow_provider(System("single sign-on"), membership, names=names)
