"""The forms of teams."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.organizations.forms import Opening
from kanton.organizations.models import Team
from kanton.ui import forms as ui


class TeamForm(ui.Form):
    """Name and description."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("Such as “Web” or “Accounting”."))
    description = forms.CharField(
        label=_("Description"), max_length=300, required=False, help_text=_("What the team is for.")
    )


class NewTeamForm(Opening, TeamForm):  # type: ignore[misc]
    """A new team, with what it may use."""


class TeamsForm(ui.Form):
    """The teams of one member. Cleaned: the teams themselves."""

    teams = forms.ModelMultipleChoiceField(
        Team.objects.none(), label=_("Teams"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, teams: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["teams"].queryset = teams  # type: ignore[attr-defined]
        self.fields["teams"].is_expected = True  # type: ignore[attr-defined]  # no box ticked is an answer, too

    def clean_teams(self) -> list[Team]:
        """The teams."""
        return list(self.cleaned_data["teams"])


class TeamChoiceForm(ui.Form):
    """One team for those who were selected."""

    team = forms.ModelChoiceField(
        Team.objects.none(), label=_("Team"), widget=forms.RadioSelect, empty_label=None
    )

    def __init__(self, *args: Any, teams: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
