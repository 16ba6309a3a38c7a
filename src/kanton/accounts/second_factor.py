"""The second step of sign-in: after the right password, one more proof by any registered method (ACC-72, ACC-81).

A method is a page of its own below `/login/`. It asks `pending(request)` whose proof is awaited (None: nobody's, go to
the sign-in page), counts each try with `admit`, and ends with `passed` or `failed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import Login
from allauth.account.stages import LoginStage, LoginStageController
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from kanton.accounts.errors import EnforcedByOrganization
from kanton.accounts.models import Person
from kanton.config import config
from kanton.core.secrets import new_token
from kanton.core.throttle import forget, peek, throttle
from kanton.ui.hx import finished
from kanton.ui.shell import Text

KEY = "second-factor"
PROVEN_ELSEWHERE = "second_factor_elsewhere"  # in the session: whose identity provider asked for one
TRIES = 5  # in a row; then the sign-in ends (ACC-82)
ATTEMPT = timedelta(minutes=15)
HOURLY = 20
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Method:
    """A way to prove oneself after the password. A backup does not count as protection by itself."""

    code: str
    label: Text
    icon: str
    order: int
    is_active: Callable[[Person], bool]
    url: str
    set_up_url: str
    is_backup: bool = False
    hint: Text = ""
    is_offered: Callable[[Person], bool] = lambda person: True
    box: Callable[[HttpRequest], str] | None = (
        None  # HTML for the 2FA page, about what is set up in another room
    )


_methods: dict[str, Method] = {}
_exemptions: list[Callable[[HttpRequest, Person], bool]] = []
_after: list[Callable[[HttpRequest, Person, str, HttpResponse], None]] = []
_help: list[str] = []
_enforcers: list[Callable[[Person], Iterable[str]]] = []


def register(method: Method) -> None:
    """Called when Django starts."""
    _methods[method.code] = method


def register_exemption(is_proven: Callable[[HttpRequest, Person], bool]) -> None:
    """Another proof that makes the step needless: a trusted browser, a passkey, an identity provider's (ACC-120)."""
    _exemptions.append(is_proven)


def note_elsewhere(request: HttpRequest, person: Person) -> None:
    """An identity provider asked this person for a second factor: whoever demands one is content in this session."""
    request.session[PROVEN_ELSEWHERE] = person.pk


def register_after(follow: Callable[[HttpRequest, Person, str, HttpResponse], None]) -> None:
    """Something to do with the answer once a second factor was right, such as trusting the browser."""
    _after.append(follow)


def register_help(url_name: str) -> None:
    """Where somebody asks for help who lost every method (ACC-81, ACC-97)."""
    _help[:] = [url_name]


def register_enforcer(names: Callable[[Person], Iterable[str]]) -> None:
    """Who may demand a second factor: the names of those that demand it of this person (ACC-94)."""
    _enforcers.append(names)


def enforced_by(person: Person) -> list[str]:
    """The organizations that demand a second factor of this person."""
    return [name for names in _enforcers for name in names(person)]


def keep_one(person: Person, removed: Method) -> None:
    """Raises EnforcedByOrganization when `removed` is the last method of somebody who must have one (ACC-95)."""
    left = [method for method in methods_of(person) if not method.is_backup and method.code != removed.code]
    if not left and (names := enforced_by(person)):
        raise EnforcedByOrganization(organizations=", ".join(names))


def help_url() -> str:
    """That page's address; empty while there is none."""
    return reverse(_help[0]) if _help else ""


def method_called(code: str) -> Method:
    """The method with this code."""
    return _methods[code]


def all_methods() -> list[Method]:
    """Every method there is, in order, backups last."""
    return sorted(_methods.values(), key=lambda method: (method.is_backup, method.order))


def methods_of(person: Person) -> list[Method]:
    """The methods with which this person can pass the step; empty without a real one, for then nothing is asked."""
    active = [method for method in all_methods() if method.is_active(person)]
    return active if any(not method.is_backup for method in active) else []


class SecondFactorStage(LoginStage):  # type: ignore[misc]
    """The step in allauth's pipeline; what is proven is kept in the session and cannot be skipped."""

    key = KEY
    urlname = "accounts:second_step"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Ask, unless nothing is set up or something else proved as much."""
        person = self.login.user
        if not methods_of(person) or any(is_proven(self.request, person) for is_proven in _exemptions):
            return None, True
        self.state["attempt"] = new_token()
        return HttpResponseRedirect(reverse(self.urlname)), True


def pending(request: HttpRequest) -> Person | None:
    """Who gave the right password and owes the second proof; None when nobody does or it was too long ago."""
    stage = _stage(request)
    person: Person | None = stage.login.user if stage is not None else None
    return person if person is not None and person.is_active else None


def admit(request: HttpRequest) -> None:
    """Count one try before its code is looked at, whatever sign-in it belongs to; TooMany after 20 in an hour."""
    person = pending(request)
    if person is not None:
        throttle(f"second-factor:{person.pk}", HOURLY, HOUR).or_refuse()


def passed(request: HttpRequest, code: str) -> HttpResponse:
    """The proof was right: the sign-in goes on and ends where the reader was going."""
    stage = _stage(request)
    if stage is None:
        return back_to_sign_in()
    person = stage.login.user
    forget(f"second-factor:{person.pk}")
    forget(_counter(stage))
    record_authentication(request, person, method="mfa", type=code)
    response: HttpResponse = stage.exit()
    for follow in _after:
        follow(request, person, code, response)
    return response


def failed(
    request: HttpRequest, code: str, *, page: Callable[[], HttpResponse] | None = None
) -> HttpResponse:
    """The proof was wrong: `page` answers (with the error in its form), until the fifth in a row ends the sign-in."""
    from kanton.accounts.actions import note_failed_second_factor

    stage = _stage(request)
    if stage is None:
        return back_to_sign_in()
    throttle(_counter(stage), TRIES, ATTEMPT)
    if peek(_counter(stage), TRIES, ATTEMPT):
        if page is not None:
            return page()
        return finished(request, _("That was not right."), to=reverse(_methods[code].url), kind="failed")
    note_failed_second_factor(request.actor, stage.login.user)  # type: ignore[attr-defined]
    abandon(request)
    text = _("That was wrong five times, so we ended this sign-in. Please begin again.")
    return finished(request, text, to=settings.LOGIN_URL, kind="failed")


def step_context(request: HttpRequest, code: str) -> dict[str, Any]:
    """What the page of a method shows besides itself: `{% include "accounts/_step_end.html" %}`."""
    person = pending(request)
    others = [method for method in methods_of(person) if method.code != code] if person else []
    return {
        "method": _methods[code],
        "has_others": bool(others) or bool(_help),
        "trust_days": config.sign_in.trusted_browser_days,
    }


def abandon(request: HttpRequest) -> None:
    """Forget the half-done sign-in of this browser."""
    from allauth.account.internal.stagekit import clear_login

    clear_login(request)


def back_to_sign_in() -> HttpResponse:
    """Where somebody goes who owes no second proof, or no longer."""
    return HttpResponseRedirect(settings.LOGIN_URL)


def proven_by(request: HttpRequest, person: Person, **wanted: Any) -> bool:
    """Does the session remember an authentication of this person with these properties?"""
    from allauth.account.internal.flows.login import get_authentication_records

    return any(
        all(record.get(name) == value for name, value in wanted.items())
        for record in get_authentication_records(request, person)
    )


def login_of(request: HttpRequest) -> Login | None:
    """The half-done sign-in, for its target."""
    stage = _stage(request)
    return stage.login if stage is not None else None


def attempt_of(request: HttpRequest) -> str:
    """A name of this half-done sign-in, another for each; empty when there is none."""
    stage = _stage(request)
    return str(stage.state.get("attempt", "")) if stage is not None else ""


def _stage(request: HttpRequest) -> SecondFactorStage | None:
    stage = LoginStageController.enter(request, KEY)
    return stage if isinstance(stage, SecondFactorStage) else None


def _counter(stage: SecondFactorStage) -> str:
    return f"second-factor-attempt:{stage.state.get('attempt', '')}"
