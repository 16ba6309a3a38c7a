"""The tag library of the design system: `{% load kanton %}`. README.md of kanton.ui shows each in use."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token
from django.template.context import Context
from django.template.exceptions import TemplateSyntaxError
from django.template.loader import render_to_string
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kanton.core.rights import Decision
from kanton.ui import components, formats, frame, plots
from kanton.ui.assets import asset_url
from kanton.ui.shell import shell_of

register = template.Library()

register.simple_tag(components.icon, name="icon")
register.simple_tag(components.badge, name="badge")
register.simple_tag(components.wish, name="wish")
register.simple_tag(components.avatar, name="avatar")
register.simple_tag(components.square, name="square")
register.simple_tag(components.when, name="when")
register.simple_tag(asset_url, name="asset")
register.simple_tag(plots.line, name="line_plot")
register.simple_tag(plots.bar, name="bar_plot")
register.filter("money", formats.money)
register.filter("size", formats.size)
register.filter("number", formats.number)
register.filter("day", formats.date)
register.filter("moment", formats.datetime)
register.filter("relative", formats.relative)
register.filter("short_moment", formats.short)


@register.simple_tag(takes_context=True)
def org_url(context: Context, name: str, *args: Any) -> str:
    """The address of a page in the present organization: `{% org_url "domains:zone" zone.name %}`."""
    return reverse(name, args=[context["request"].organization.slug, *args])


@register.simple_tag
def field(bound: Any, *, label: Any = None, help: Any = None, **attrs: Any) -> SafeString:
    """A form field: label above, help below, error under it. `label`, `help` and widget attributes may be changed."""
    if label is not None:
        bound.label = label
    if help is not None:
        bound.help_text = help
    if attrs:
        written = {name.replace("_", "-"): value for name, value in attrs.items()}
        bound.field.widget.attrs = {**bound.field.widget.attrs, **written}
    return SafeString(bound.as_field_group())


@register.simple_tag
def button(
    label: Any,
    *,
    url: str = "",
    icon: str = "",
    kind: str = "",
    name: str = "",
    value: str = "",
    dialog: bool | str = False,
    decision: Decision | bool = True,
    **attrs: Any,
) -> SafeString:
    """A button, or a link that looks like one when it has a `url`. `kind`: primary, danger, quiet.

    `decision` is the resolver's answer to whether this person may: when it is no, the button is there, dead, and says
    why and whom to ask (ORG-75).

    With `dialog` the page at `url` opens in a dialog, under this heading or the label. Without `url` it submits the
    form around it. Further attributes: underscores become hyphens.
    """
    css = " ".join(filter(None, ["button", f"is-{kind}" if kind else "", attrs.pop("css", "")]))
    inner = format_html("{}<span>{}</span>", components.icon(icon) if icon else "", label)
    if not components.allowed(decision):
        return components.refused(inner, decision, css=css, place=url or name)
    more = format_html(' data-dialog="{}"', label if dialog is True else dialog) if dialog else SafeString("")
    for key, given in attrs.items():
        if given is True:
            more = format_html("{} {}", more, key.replace("_", "-"))
        elif given is not False and given is not None:
            more = format_html('{} {}="{}"', more, key.replace("_", "-"), given)
    if url:
        return format_html('<a class="{}" href="{}"{}>{}</a>', css, url, more, inner)
    if name:
        more = format_html('{} name="{}" value="{}"', more, name, value)
    kind_of = "" if "type" in attrs else ' type="submit"'
    return format_html('<button class="{}"{}{}>{}</button>', css, SafeString(kind_of), more, inner)


@register.simple_tag
def menu_item(
    label: Any,
    url: str,
    *,
    icon: str = "",
    decision: Decision | bool = True,
    danger: bool = False,
    dialog: bool = False,
) -> SafeString:
    """A line of a ⋮ menu that leads to `url`; dead, with the reason, when the `decision` is no (ORG-75)."""
    inner = format_html("{}{}", components.icon(icon) if icon else "", label)
    css = "is-danger" if danger else ""
    if not components.allowed(decision):
        return components.refused(inner, decision, css=css, place=url)
    more = format_html(' data-dialog="{}"', label) if dialog else SafeString("")
    return format_html('<a class="{}" href="{}"{}>{}</a>', css, url, more, inner)


@register.simple_tag
def stat(
    label: Any, value: Any, *, note: Any = "", url: str = "", icon: str = "", kind: str = ""
) -> SafeString:
    """A figure with its name, for dashboards."""
    return _partial("stat", label=label, value=value, note=note, url=url, icon=icon, kind=kind)


@register.simple_tag
def empty(
    title: Any,
    text: Any = "",
    *,
    icon: str = "inbox",
    action: Any = "",
    url: str = "",
    decision: Decision | bool = True,
) -> SafeString:
    """What an empty place says: what belongs here and the first step, dead for who may not take it."""
    return _partial("empty", title=title, text=text, icon=icon, action=action, url=url, decision=decision)


@register.simple_tag
def copy(text: Any, *, label: Any = "") -> SafeString:
    """A text in fixed width with a button that copies it."""
    return _partial("copy", text=text, label=label)


@register.simple_tag
def progress(done: float, of: float = 100, *, label: Any = "", text: Any = "") -> SafeString:
    """How far something is. `text` says it in words beside the bar."""
    return _partial("progress", done=done, of=of, label=label, text=text)


@register.simple_tag
def note(text: Any, *, kind: str = "note", title: Any = "") -> SafeString:
    """A sentence that deserves a frame. `kind`: note, done, waiting, failed."""
    return _partial("note", text=text, kind=kind, title=title, icon=components.KIND_ICONS[kind])


@register.simple_tag
def api_call(method: str, path: str, body: Any = None) -> SafeString:
    """The line "Show as API call" for the ⋮ menu: `{% block api %}{% api_call "GET" "/1/…" %}{% endblock %}`."""
    written = json.dumps(body, indent=2, ensure_ascii=False) if body else ""
    return _partial("api_call", method=method, path=path, body=written)


@register.simple_tag(takes_context=True)
def what_will_happen(context: Context, url: str = "") -> SafeString:
    """The side panel "What will happen" for the form around it (or the page's `preview`).

    It asks `url` (default: this page) for a dry run whenever the form changes.
    """
    request = context.get("request")
    address = url or (request.get_full_path() if request else "")
    return _partial("what_will_happen_panel", url=address, preview=context.get("preview"))


@register.simple_tag(takes_context=True)
def language_choices(context: Context) -> list[tuple[str, str]]:
    """The languages to choose from, each in its own words."""
    return shell_of(context["request"]).languages


@register.simple_tag
def script_texts() -> str:
    """The words that scripts show, as JSON for `data-texts` on the page."""
    return _script_texts(get_language() or "en")


@lru_cache(maxsize=16)
def _script_texts(_language: str) -> str:
    texts = {
        **{f"age_{unit}": text for unit, text in formats.age_patterns().items()},
        "close": _("Close"),
        "copied": _("Copied"),
        "undo": _("Undo"),
        "failed": _("That did not work. Please try again; nothing was lost."),
        "offline": _("No connection. We try again as soon as you are online."),
        "show": _("Show"),
        "hide": _("Hide"),
    }
    return json.dumps(texts, ensure_ascii=False)


@register.simple_tag(takes_context=True)
def frame_before(context: Context) -> SafeString:
    """The rail and the top bar."""
    return frame.before(context["request"])


@register.simple_tag(takes_context=True)
def frame_after(context: Context) -> SafeString:
    """The bottom bar, the help bubble and the search box."""
    return frame.after(context["request"], tour_first=bool(context.get("tour_first")))


@register.simple_tag
def tour_steps() -> list[dict[str, str]]:
    """What the guided tour shows, in its order. Parts that are not in sight are left out by the script."""
    return [
        {
            "at": ".switcher > summary",
            "title": _("Your organization"),
            "text": _(
                "You always work in one organization. Click here to change to another one or to open one."
            ),
        },
        {
            "at": ".rail-nav",
            "title": _("Products and more"),
            "text": _(
                "What the organization owns stands here by group; below are shop, invoices and people."
            ),
        },
        {
            "at": ".bar",
            "title": _("Short menu"),
            "text": _("The most important places; “More” shows all of them."),
        },
        {
            "at": ".top-search",
            "title": _("Search"),
            "text": _("Find products, people, invoices and pages. Ctrl-K opens it from everywhere."),
        },
        {
            "at": ".apps > summary",
            "title": _("Apps"),
            "text": _(
                "Change between this Manager and the apps, such as mail; and go to each kind of product."
            ),
        },
        {
            "at": ".avatar-menu > summary",
            "title": _("Your account"),
            "text": _("Your login, its security, language and appearance, and the way out."),
        },
        {
            "at": ".help > summary",
            "title": _("Help"),
            "text": _("Guides for the page you are on, your support code, our contact, and this tour again."),
        },
    ]


@register.filter
def error_frame(status: int, shell: Any) -> str:
    """What an error page extends: the shell for those who are signed in, unless the fault is ours."""
    return "ui/shell.html" if status < 500 and shell and shell.user else "ui/plain.html"


@register.filter
def as_json(value: Any) -> str:
    """A value as JSON, for data attributes."""
    return json.dumps(value, ensure_ascii=False, default=str)


@register.simple_tag
def details(*pairs: Any) -> SafeString:
    """A definition list: `{% details "Holder" holder "Since" date %}`."""
    return _partial("details", pairs=list(zip(pairs[::2], pairs[1::2], strict=True)))


class Wrap(Node):
    """Draws what is inside into a partial, as `body`; nothing when it is blank and may be."""

    def __init__(
        self, partial: str, nodes: NodeList, options: dict[str, FilterExpression], *, keep_blank: bool
    ) -> None:
        self.partial, self.nodelist, self.options, self.keep_blank = partial, nodes, options, keep_blank

    def render(self, context: Context) -> SafeString:
        """The partial with the body."""
        body = self.nodelist.render(context)
        if not self.keep_blank and not body.strip():
            return SafeString("")
        values = {name: value.resolve(context) for name, value in self.options.items()}
        if self.partial == "tabs":
            body = _one_current(body)
        return _partial(self.partial, body=body, **values)


def _wrapping(partial: str, *, keep_blank: bool = True) -> Any:
    def parse(parser: Parser, token: Token) -> Wrap:
        words = token.split_contents()
        options = {}
        for word in words[1:]:
            name, equals, value = word.partition("=")
            if not equals or not name.isidentifier():
                name, value = "title", word
            options[name] = parser.compile_filter(value)
        nodes = parser.parse((f"end{words[0]}",))
        parser.delete_first_token()
        return Wrap(partial, nodes, options, keep_blank=keep_blank)

    return parse


# {% card "Title" icon="mail" url="…" %} … {% endcard %}
register.tag("card", _wrapping("card"))
# {% menu "Label" icon="…" %} <a href>…</a> <button>…</button> {% endmenu %}: nothing when it is blank
register.tag("menu", _wrapping("menu", keep_blank=False))
# {% dialog "Title" id="rename" open_label="Rename" %} … {% enddialog %}
register.tag("dialog", _wrapping("dialog"))
# {% section "Title" text="…" %} … {% endsection %}: a part of a page under a heading of its own
register.tag("section", _wrapping("section"))
# {% tabs %} {% tab "Overview" url %} {% endtabs %}; pages only fill the shell's block "tabs"
register.tag("tabs", _wrapping("tabs", keep_blank=False))
# {% crumbs %} <a href>Domains</a> {% endcrumbs %}
register.tag("crumbs", _wrapping("crumbs", keep_blank=False))
# {% unless_blank %}: only what is inside, and only when it is not blank, in a <div class="…">
register.tag("unless_blank", _wrapping("unless_blank", keep_blank=False))


class Repeat(Node):
    """A block of the page once more: the title as a heading."""

    def __init__(self, name: str) -> None:
        self.name = name

    def render(self, context: Context) -> SafeString:
        """What the page put into the block."""
        blocks = context.render_context.get(BLOCK_CONTEXT_KEY)
        block = blocks.get_block(self.name) if blocks else None
        return SafeString(block.render(context) if block else "")


@register.tag
def repeat(parser: Parser, token: Token) -> Repeat:
    """`{% repeat "title" %}`."""
    words = token.split_contents()
    if len(words) != 2:
        raise TemplateSyntaxError("repeat wants the name of one block")
    return Repeat(words[1].strip("\"'"))


_CURRENT = re.compile(r'<a href="([^"]*)" aria-current="page">')


def _one_current(tabs: str) -> SafeString:
    """The tabs with only the one marked that fits the address best: /acme.ch/dns is not also /acme.ch."""
    best = max((match[1] for match in _CURRENT.finditer(tabs)), key=len, default="")
    return SafeString(
        _CURRENT.sub(lambda match: match[0] if match[1] == best else f'<a href="{match[1]}">', tabs)
    )


@register.simple_tag(takes_context=True)
def tab(
    context: Context, label: Any, url: str, *, exact: bool = False, count: int | str | None = None
) -> SafeString:
    """A tab inside `{% tabs %}`; the one whose address is the page's own is marked."""
    path = context["request"].path
    here = path == url or (not exact and path.startswith(url.rstrip("/") + "/"))
    current = SafeString(' aria-current="page"') if here else ""
    more = format_html(' <span class="count">{}</span>', count) if count not in (None, "") else ""
    return format_html('<a href="{}"{}>{}{}</a>', url, current, label, more)


def _partial(name: str, **values: Any) -> SafeString:
    return render_to_string(f"ui/_{name}.html", values)
