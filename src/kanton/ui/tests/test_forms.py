"""Forms: business errors under their field, previews by dry run, answers with and without script."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.utils.translation import gettext_lazy as _

from kanton.core.action import Effect
from kanton.core.activity import Kind, Recorded
from kanton.core.actor import System
from kanton.core.errors import Conflict, DomainError, Forbidden, NotFound
from kanton.core.money import Money
from kanton.core.rights import SYSTEM, Decision
from kanton.ui import forms as ui
from kanton.ui import hx
from kanton.ui.tests.factories import a_request


class Taken(Conflict):
    """The name is gone."""

    code, field = "test.taken", "name"
    message = _("%(name)s is taken. Choose another name.")


class NameForm(ui.Form):
    """Two fields, one hidden."""

    name = forms.CharField(label="Name", help_text="As people call it.")
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


def bound(**data: str) -> NameForm:
    form = NameForm({"name": "acme", **data})
    assert form.is_valid()
    return form


def test_a_business_error_stands_under_its_field_with_its_code() -> None:
    form = bound()
    with form.catching():
        raise Taken(name="acme")
    assert form.errors == {"name": ["acme is taken. Choose another name."]}
    assert form.errors.as_data()["name"][0].code == "test.taken"


@pytest.mark.parametrize("field", [None, "elsewhere", "secret"])
def test_an_error_without_a_visible_field_stands_above_the_form(field: str | None) -> None:
    form = bound()
    with form.catching():
        raise DomainError(field=field)
    assert form.non_field_errors() == ["This could not be done."]


@pytest.mark.parametrize("error", [NotFound(), Forbidden(Decision(False, SYSTEM))])
def test_not_yours_and_not_allowed_go_on_to_their_own_pages(error: DomainError) -> None:
    form = bound()
    with pytest.raises(type(error)), form.catching():
        raise error
    assert form.errors == {}


def test_a_field_is_tied_to_its_help_and_its_error() -> None:
    form = NameForm({"name": ""})
    shown = str(form)
    assert 'aria-describedby="id_name_helptext id_name_error"' in shown
    assert 'id="id_name_helptext"' in shown and 'id="id_name_error"' in shown
    assert 'aria-invalid="true"' in shown
    assert shown.index("<label") < shown.index("<input") < shown.index('id_name_helptext">')
    assert shown.index('id="id_name_helptext"') < shown.index('id="id_name_error"')


class ChoiceForm(ui.Form):
    """One answer out of two."""

    end = forms.ChoiceField(
        label="When", choices=[("end", "Then"), ("now", "Now")], required=False, widget=forms.RadioSelect
    )


def test_an_optional_field_says_so() -> None:
    class Form(ui.Form):
        nick = forms.CharField(label="Nickname", required=False)

    assert "optional" in str(Form())
    assert "optional" not in str(ChoiceForm()), "one of the answers is chosen already"
    assert "optional" not in str(NameForm())


class Changed(Kind):
    """Something that says what it was before."""

    ALIASES = "ui_tests.aliases", "Aliases of %(target)s: %(before)s to %(after)s"


ACTOR = System("tests")


def effect() -> Effect:
    return Effect(
        costs=[("Domain", Money.of("9.90", "CHF")), ("Guarantee", Money.of("2", "CHF"))],
        mails=[("ana@acme.example", "Your invoice")],
        irreversible=["A renewal cannot be taken back."],
        is_dry=True,
    )


def test_a_preview_sums_the_costs() -> None:
    found = ui.Preview.of(effect())
    assert found.total == Money.of("11.90", "CHF")
    assert not found.is_empty
    assert ui.Preview().is_empty


def test_a_preview_leaves_out_what_stays_as_it_is() -> None:
    def changed(before: str, after: str) -> Recorded:
        return Recorded(ACTOR, Changed.ALIASES, "ana@acme.ch", {"before": before, "after": after})

    records = [changed("", ""), changed("", "sales"), changed("a, b", "a, b"), changed("sales", "")]
    assert ui.Preview.of(Effect(records=records, is_dry=True)).changes == [
        "Aliases of ana@acme.ch: – to sales", "Aliases of ana@acme.ch: sales to –",
    ]  # fmt: skip
    assert ui.Preview.of(Effect(records=records[:1], is_dry=True)).is_empty


def test_for_htmx_the_preview_is_a_panel() -> None:
    request = a_request(method="post", data={"_preview": "1"}, **{"HX-Request": "true"})
    shown = ui.preview(request, effect()).content.decode()
    assert "CHF\xa011.90" in shown and "Your invoice" in shown and "cannot be taken back" in shown
    assert "<html" not in shown


def test_without_script_the_preview_is_a_page_that_sends_the_form_again() -> None:
    request = a_request(method="post", data={"_preview": "1", "name": "acme", "tags": ["a", "b"]})
    shown = ui.preview(request, effect()).content.decode()
    assert "<html" in shown and "Do this" in shown
    for name, value in (("name", "acme"), ("tags", "a"), ("tags", "b")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in shown
    assert 'name="_preview"' not in shown


def carry_out(request: HttpRequest, do: Any) -> HttpResponse:
    request.actor = System("test")  # type: ignore[attr-defined]
    form = NameForm(request.POST or None)
    return ui.carry_out(
        request, form, do, "target", page="ui/form.html", partial="ui/form.html",
        then=lambda made: HttpResponse(f"made {made}"),
    )  # fmt: skip


def test_a_form_calls_its_action_with_actor_target_and_values() -> None:
    calls = []

    def do(actor: Any, target: str, *, name: str, secret: str) -> str:
        calls.append((actor.label, target, name, secret))
        return name

    answer = carry_out(a_request(method="post", data={"name": "acme"}), do)
    assert answer.content == b"made acme" and calls == [("test", "target", "acme", "")]


def test_a_form_that_is_wrong_comes_back_with_422_and_calls_nothing() -> None:
    def do(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("called")

    assert carry_out(a_request(method="post", data={"name": ""}), do).status_code == 422
    assert carry_out(a_request(), do).status_code == 200


def test_a_business_error_in_the_action_comes_back_with_422() -> None:
    def do(*args: Any, **kwargs: Any) -> None:
        raise Taken(name="acme")

    assert carry_out(a_request(method="post", data={"name": "acme"}), do).status_code == 422


@pytest.mark.django_db
def test_a_preview_changes_nothing_and_tells_errors() -> None:
    def do(*args: Any, **kwargs: Any) -> None:
        raise Taken(name="acme")

    request = a_request(method="post", data={"name": "acme", "_preview": "1"}, **{"HX-Request": "true"})
    answer = carry_out(request, do)
    assert answer.status_code == 200 and "acme is taken" in answer.content.decode()
    request = a_request(method="post", data={"name": "", "_preview": "1"}, **{"HX-Request": "true"})
    assert "Nothing happens before you confirm" in carry_out(request, do).content.decode()


def test_htmx_is_told_to_go_on_and_a_browser_is_sent_there() -> None:
    answer = hx.finished(a_request(**{"HX-Request": "true"}), "Done.", to="/there")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/there")
    answer = hx.finished(a_request(), "Done.", to="/there")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/there")


def test_restoring_history_wants_the_whole_page() -> None:
    assert hx.is_htmx(a_request(**{"HX-Request": "true"}))
    assert not hx.is_htmx(a_request(**{"HX-Request": "true", "HX-Boosted": "true"}))
    assert not hx.is_htmx(a_request(**{"HX-Request": "true", "HX-History-Restore-Request": "true"}))
    assert not hx.is_htmx(a_request())


@override_settings(LANGUAGE_CODE="en")
def test_a_toast_joins_other_triggers() -> None:
    answer = HttpResponse(headers={"HX-Trigger": '{"saved": {}}'})
    hx.toast(answer, "Moved.", undo_url="/undo")
    assert '"saved"' in answer.headers["HX-Trigger"] and '"undo": "/undo"' in answer.headers["HX-Trigger"]
