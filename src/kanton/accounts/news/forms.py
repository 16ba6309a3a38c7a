"""The forms of news."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Language
from kanton.accounts.news.models import Topic
from kanton.ui import forms as ui

ABOUT = {
    Topic.PRODUCTS: _("What is new in the products you use, and what comes next."),
    Topic.GUIDES: _("How to do more with what you have."),
    Topic.OPERATIONS: _("When something will be unavailable, announced in time."),
    Topic.OFFERS: _("Discounts and promotions."),
}


class TopicsForm(ui.Form):
    """One switch for each topic (ACC-121)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for topic in Topic:
            self.fields[topic.value] = forms.BooleanField(
                label=topic.label, help_text=ABOUT[topic], required=False, widget=ui.Switch()
            )

    def clean(self) -> dict[str, Any]:
        """The arguments of the action."""
        values = super().clean() or self.cleaned_data
        return {"topics": [topic for topic in Topic.values if values.get(topic)]}


class SubscribeForm(ui.Form):
    """An address for the newsletter. The action says whether it can be one."""

    email = forms.CharField(
        label=_("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email"}),
    )


class NewsForm(ui.Form):
    """News by the provider's staff, in as many languages as they write."""

    topic = forms.ChoiceField(label=_("Topic"), choices=Topic.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, name in Language.choices:
            self.fields[f"title_{code}"] = forms.CharField(
                label=_("Title (%(language)s)") % {"language": name}, max_length=200, required=False
            )
            self.fields[f"body_{code}"] = forms.CharField(
                label=_("Text (%(language)s)") % {"language": name},
                max_length=20_000,
                required=False,
                widget=ui.Textarea(),
            )

    def clean(self) -> dict[str, Any]:
        """The arguments of the action."""
        values = super().clean() or self.cleaned_data
        return {
            "topic": values.get("topic", ""),
            "texts": {
                code: {"title": values.get(f"title_{code}", ""), "body": values.get(f"body_{code}", "")}
                for code in Language.values
            },
        }
