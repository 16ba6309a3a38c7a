"""Small pieces of HTML that tables, tags and views share. Templates use them through `{% load kanton %}`."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zlib import crc32

from django.middleware.csrf import get_token
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kanton.core.errors import Forbidden
from kanton.core.rights import Decision
from kanton.core.wish import WishState
from kanton.ui import formats
from kanton.ui.assets import asset_url
from kanton.ui.brand import readable_on
from kanton.ui.markup import escaped

if TYPE_CHECKING:
    from kanton.ui.tables import RowAction

KIND_ICONS = {
    "done": "circle-check",
    "waiting": "clock",
    "failed": "alert-triangle",
    "note": "info-circle",
}
WISH_KINDS = {WishState.DONE: "done", WishState.PENDING: "waiting", WishState.FAILED: "failed"}


def icon(name: str, css: str = "") -> SafeString:
    """A Tabler icon. It says nothing to a screen reader: a word stands beside it, or in `.sr`."""
    return _icon(name, css, asset_url("icons.svg"))


@lru_cache(maxsize=2048)
def _icon(name: str, css: str, sprite: str) -> SafeString:
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css,
        sprite,
        name,
    )


def badge(text: Any, kind: str = "") -> SafeString:
    """A word in a pill. `kind` done, waiting, failed or note brings colour and an icon of its own shape."""
    if not kind:
        return SafeString(f'<span class="badge">{escaped(text)}</span>')
    return SafeString(
        f'<span class="badge is-{escaped(kind)}">{icon(KIND_ICONS[kind])}{escaped(text)}</span>'
    )


def when(moment: dt.date | None, *, relative: bool = True, absolute: bool = True) -> SafeString:
    """A day or an instant: absolute in the reader's zone, with the relative beside it."""
    if moment is None:
        return SafeString("")
    if isinstance(moment, dt.datetime):
        machine, shown = (
            moment.astimezone(dt.UTC).isoformat(timespec="seconds"),
            escaped(formats.datetime(moment)),
        )
    elif relative and absolute:
        return _day(moment, _today(int(time.time() // 60), timezone.get_current_timezone()), get_language())
    else:
        machine, shown = moment.isoformat(), escaped(formats.date(moment))
    if not relative:
        return SafeString(f'<time datetime="{machine}">{shown}</time>')
    ago = escaped(formats.relative(moment))
    if not absolute:
        return SafeString(f'<time datetime="{machine}" title="{shown}">{ago}</time>')
    return _both(machine, shown, ago)


def _both(machine: str, shown: str, ago: str) -> SafeString:
    return SafeString(f'<time datetime="{machine}">{shown}<span class="ago">{ago}</span></time>')


@lru_cache(maxsize=256)
def _today(_minute: int, zone: dt.tzinfo) -> dt.date:
    """The day in this zone; days begin with a minute everywhere."""
    return timezone.localdate(timezone=zone)


@lru_cache(maxsize=4096)
def _day(day: dt.date, _today: dt.date, _language: str | None) -> SafeString:
    return _both(day.isoformat(), escaped(formats.date(day)), escaped(formats.relative(day)))


def wish(thing: Any, *, refresh: str = "") -> SafeString:
    """The state of a wish: ● Done, ◐ Pending 12 s, ▲ Failed. It opens to what happened, what next, what you can do.

    `thing` is a `core.wish.Wish`. With `refresh`, a pending state asks that address every two seconds; it answers
    with this component again.
    """
    if thing.wish_state == "done" and not thing.wish_reason:
        return _done(get_language(), asset_url("icons.svg"))
    state = WishState(thing.wish_state)
    kind = WISH_KINDS[state]
    asks = (
        format_html(' hx-get="{}" hx-trigger="every 2s" hx-swap="outerHTML"', refresh)
        if refresh and state is WishState.PENDING
        else ""
    )
    lines: list[tuple[str, Any]] = []
    if state is WishState.PENDING:
        lines = [
            (_("What happens"), thing.wish_reason or _("Your change is saved and on its way to the engine.")),
            (_("What we do"), _("We try until the engine confirms it. You can leave this page.")),
        ]
    elif state is WishState.FAILED:
        lines = [
            (_("What happened"), thing.wish_reason or _("The engine refused this change.")),
            (_("What you can do"), thing.wish_remedy or _("Change it and save again, or contact us.")),
        ]
    else:
        lines = [(_("What happened"), thing.wish_reason)]
    lines.append((_("Since"), when(thing.wished_at)))
    shown: Any = state.label
    if state is WishState.PENDING:
        shown = format_html(
            '<span>{} <span data-since="{}">{}</span></span>',
            state.label,
            thing.wished_at.timestamp(),
            formats.age(thing.wish_age_seconds),
        )
    return format_html(
        '<details class="wish is-{}"{}><summary>{}{}</summary><dl class="pop">{}</dl></details>',
        kind,
        asks,
        icon({"waiting": "circle-half-2", "failed": "triangle-filled", "done": "circle-filled"}[kind]),
        shown,
        format_html_join("", "<dt>{}</dt><dd>{}</dd>", lines),
    )


@lru_cache(maxsize=32)
def _done(_language: str | None, _sprite: str) -> SafeString:
    return SafeString(
        f'<span class="wish is-done">{icon("circle-filled")}{escaped(WishState.DONE.label)}</span>'
    )


class StandIn(str):
    """A text that stands in for a name while the frame of a page is drawn; it knows its stand-in avatar as well."""

    avatar: Callable[[str], str]

    def __new__(cls, text: str, avatar: Callable[[str], str]) -> StandIn:
        """The text, and how its avatar is called."""
        made = super().__new__(cls, text)
        made.avatar = avatar
        return made


def avatar(name: str, picture_url: str = "", css: str = "") -> SafeString:
    """A person or an organization as a picture, or as initials on a colour that stays the same for a name."""
    if isinstance(name, StandIn):
        return SafeString(name.avatar(css))
    if picture_url:
        return format_html('<img class="avatar {}" src="{}" alt="" width="32" height="32">', css, picture_url)
    tone = sum(map(ord, name)) % 6
    return SafeString(
        f'<span class="avatar {escaped(css)} tone-{tone}" aria-hidden="true">{escaped(formats.initials(name))}</span>'
    )


def square(organization: Any, css: str = "") -> SafeString:
    """An organization in the square beside its name: its logo, or its initials on the colour it chose (ORG-93)."""
    if isinstance(organization.name, StandIn):
        return SafeString(organization.name.avatar(css))
    # A small one stands in a list right beside the name, which would be read twice.
    name = "" if css == "is-small" else escaped(organization.name)
    css = f"avatar is-square {escaped(css)}".strip()
    if organization.logo_url:
        return SafeString(
            f'<img class="{css}" src="{escaped(organization.logo_url)}" alt="{name}" width="32" height="32">'
        )
    initials = escaped(organization.square)
    if organization.colour:
        # Colours of people cannot be style: a page may hold none (ui/policy.py). SVG has attributes for them.
        ink = readable_on(organization.colour)
        return SafeString(
            f'<svg class="{css}" viewBox="0 0 32 32" aria-hidden="true" focusable="false">'
            f'<rect width="32" height="32" fill="#{escaped(organization.colour)}"/>'
            f'<text x="16" y="16" dy=".36em" text-anchor="middle" fill="#{ink}">{initials}</text></svg>'
        )
    tone = sum(map(ord, organization.name)) % 6
    return SafeString(f'<span class="{css} tone-{tone}" aria-hidden="true">{initials}</span>')


def allowed(decision: Decision | bool) -> bool:
    """Whether an action may be offered. What is neither a decision nor a plain yes or no is a slip of the page."""
    if not isinstance(decision, Decision | bool):
        raise TypeError(f"a decision is wanted, not {decision!r}")
    return bool(decision)


def refused(inner: Any, decision: Decision | bool, *, css: str = "", place: str = "") -> SafeString:
    """What stands in place of an action that this person may not take: the same button, dead, which on a press says
    why and whom to ask (ORG-75). The browser itself opens the reason: by mouse, touch and key, without a script.

    A plain no has no reason to tell, so nothing stands there. `place` tells apart actions of the same name.
    """
    if not isinstance(decision, Decision):
        return SafeString("")
    reason = Forbidden(decision).sentence
    ident = f"why-{crc32('|'.join((str(inner), css, place, reason)).encode()):08x}"
    return format_html(
        '<span class="refused"><button class="{}" type="button" aria-disabled="true" aria-describedby="{}" '
        'popovertarget="{}">{}{}</button><span class="why" id="{}" popover>{}</span></span>',
        css, ident, ident, inner, icon("lock", "is-faint"), ident, reason,
    )  # fmt: skip


def row_menu(
    actions: Sequence[RowAction], name: str, request: Any = None, *, pattern: str = ""
) -> SafeString:
    """The ⋮ menu of a table row. `pattern` is the translated label, for those who draw many."""
    if not actions:
        return SafeString("")
    items = "".join(menu_item(action, request) for action in actions)
    label = escaped((pattern or _("More for %(name)s")) % {"name": name})
    return SafeString(
        f'<details class="menu"><summary class="button is-quiet is-icon" aria-label="{label}">'
        f'{icon("dots-vertical")}</summary><div class="pop is-end">{items}</div></details>'
    )


@lru_cache(maxsize=1024)
def _link(label: str, icon_name: str, is_danger: bool, _sprite: str) -> tuple[str, str]:
    """What stands around the address in a menu's link."""
    danger = "is-danger" if is_danger else ""
    return f'<a class="{danger}" href="', f'">{icon(icon_name) if icon_name else ""}{escaped(label)}</a>'


def menu_item(action: RowAction, request: Any = None) -> SafeString:
    """One line of a menu: a link, or a form of one button; dead, with the reason, for who may not."""
    if not allowed(action.decision):
        shown = format_html("{}{}", icon(action.icon) if action.icon else "", action.label)
        return refused(shown, action.decision, css="is-danger" if action.danger else "", place=action.url)
    if not action.post:
        opening, inner = _link(str(action.label), action.icon, action.danger, asset_url("icons.svg"))
        return SafeString(f"{opening}{escaped(action.url)}{inner}")
    inner = SafeString((icon(action.icon) if action.icon else "") + escaped(action.label))
    danger = "is-danger" if action.danger else ""
    # The button joins the table's own form, whose CSRF token travels with it: forms cannot be nested.
    token = (
        format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', get_token(request))
        if request
        else ""
    )
    if token:
        return format_html(
            '<form method="post" action="{}">{}<button class="{}">{}</button></form>',
            action.url,
            token,
            danger,
            inner,
        )
    return format_html(
        '<button formmethod="post" formaction="{}" class="{}">{}</button>', action.url, danger, inner
    )
