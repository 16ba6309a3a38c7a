"""What pages of other rooms show of organizations: `{% load organizations %}`."""

from __future__ import annotations

from django import template
from django.template.context import Context

from kanton.organizations.models import Invitation
from kanton.organizations.queries import invitations_for

register = template.Library()


@register.simple_tag(takes_context=True)
def my_invitations(context: Context) -> list[Invitation]:
    """The invitations that wait for the reader: `{% my_invitations as invitations %}`."""
    user = context["request"].user
    return invitations_for(user) if user.is_authenticated else []
