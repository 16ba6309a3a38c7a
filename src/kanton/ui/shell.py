"""The frame around every signed-in page: who is here, where they are, and where they can go.

Rooms above tell the shell about themselves when Django starts; the shell never imports them:

    from kanton.ui import shell

    class DomainsConfig(AppConfig):
        def ready(self) -> None:
            shell.register(
                shell.NavEntry(
                    key="domains", group=shell.Group.WEB, label=_("Domains"), icon="world",
                    url="domains:list", shown=lambda request: owns_domains(request),
                )
            )

Only `organizations` and `accounts` fill `shell.sources`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar, cast

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject, cached_property
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from kanton.core.addresses import address

Text = str | Promise
T = TypeVar("T")


class Group(enum.StrEnum):
    """The sections of the left rail, in the order in which they stand there."""

    HOME = "home"
    COLLABORATION = "collaboration"
    WEB = "web"
    CLOUD = "cloud"
    MARKETING = "marketing"
    STREAMING = "streaming"
    SHOP = "shop"
    ACCOUNTING = "accounting"
    PEOPLE = "people"
    SETTINGS = "settings"
    ACCOUNT = "account"
    STAFF = "staff"


@dataclass(frozen=True)
class GroupLook:
    """How a group is called and drawn: a product group stands under a heading of its own."""

    label: Text
    icon: str
    has_heading: bool = False


_PLACES = {group: place for place, group in enumerate(Group)}
# The groups of the catalogue; each line in them is a kind of product.
PRODUCTS = frozenset({Group.COLLABORATION, Group.WEB, Group.CLOUD, Group.MARKETING, Group.STREAMING})
# As many organizations as the switcher lists.
SWITCHER = 12
# Lines that are shown only where no organization is: on pages of the account and of the staff.
OUTSIDE = frozenset({Group.ACCOUNT, Group.STAFF})

GROUPS: dict[Group, GroupLook] = {
    Group.HOME: GroupLook(_("Home"), "home"),
    Group.COLLABORATION: GroupLook(_("Collaboration"), "users-group", has_heading=True),
    Group.WEB: GroupLook(_("Web & domains"), "world", has_heading=True),
    Group.CLOUD: GroupLook(_("Cloud computing"), "cloud", has_heading=True),
    Group.MARKETING: GroupLook(_("Events & marketing"), "speakerphone", has_heading=True),
    Group.STREAMING: GroupLook(_("Streaming"), "broadcast", has_heading=True),
    Group.SHOP: GroupLook(_("Shop"), "shopping-bag"),
    Group.ACCOUNTING: GroupLook(_("Accounting"), "receipt", has_heading=True),
    Group.PEOPLE: GroupLook(_("People"), "users", has_heading=True),
    Group.SETTINGS: GroupLook(_("Settings"), "settings", has_heading=True),
    Group.ACCOUNT: GroupLook(_("My account"), "user-circle", has_heading=True),
    Group.STAFF: GroupLook(pgettext_lazy("provider's staff", "Staff"), "tool", has_heading=True),
}


def _always(request: HttpRequest) -> bool:
    return True


def _nothing(request: HttpRequest) -> int:
    return 0


@dataclass(frozen=True, eq=False)
class NavEntry:
    """One line of the left rail.

    `url` is a URL name, reversed with the organization's slug as its only argument (with none when
    `in_organization` is False), or a function that gets the request. `shown` hides the entry from those
    without the right or the product. `badge` gives a number worth noticing; 0 shows nothing. `also_at` are other
    beginnings of addresses whose pages belong to the line.
    """

    key: str
    group: Group
    label: Text
    icon: str
    url: str | Callable[[HttpRequest], str]
    order: int = 50
    in_organization: bool = True
    shown: Callable[[HttpRequest], bool] = _always
    badge: Callable[[HttpRequest], int] = _nothing
    also_at: tuple[str, ...] = ()


@dataclass(frozen=True)
class AppLink:
    """One app of the apps switch (Manager, Mail, Calendar …)."""

    key: str
    label: Text
    icon: str
    url: str | Callable[[HttpRequest], str]
    order: int = 50
    shown: Callable[[HttpRequest], bool] = lambda request: True


@dataclass(frozen=True)
class Guide:
    """A guide offered in the help bubble. `page` is the start of a path below /o/<slug>/, or "" for all."""

    title: Text
    url: str
    page: str = ""


@dataclass(frozen=True)
class ShellUser:
    """The person who is signed in, as the avatar menu shows them."""

    name: str
    login: str
    picture_url: str = ""
    is_staff: bool = False


@dataclass(frozen=True)
class ShellOrganization:
    """An organization as the switcher shows it."""

    name: str
    slug: str
    initials: str = ""
    colour: str = ""
    logo_url: str = ""
    wide_logo_url: str = ""
    role: Text = ""
    accent: str = ""
    url: str = ""

    @property
    def square(self) -> str:
        """What stands in the square where there is no logo."""
        return (self.initials or self.name)[:3]

    @property
    def home_url(self) -> str:
        """Where a click on this organization leads."""
        return self.url or f"/o/{self.slug}/"


@dataclass(frozen=True)
class Notice:
    """A line under the bell: something that waits for this person."""

    text: Text
    url: str
    icon: str = "bell"
    kind: str = "note"
    at: Any = None


@dataclass(frozen=True)
class Provider:
    """Who runs this installation, as customers see it."""

    name: str = "Kanton"
    url: str = "/"
    logo_url: str = ""
    accent: str = ""
    # Under the host name of a customer, whose name and look are then above: a greeting, and who really runs it.
    mark: ShellOrganization | None = None
    greeting: str = ""
    operator: str = ""
    operator_url: str = ""
    support_url: str = ""
    support_email: str = ""
    status_url: str = ""
    legal_links: Sequence[tuple[Text, str]] = ()

    @cached_property
    def shape(self) -> Hashable:
        """What of it the frame reads besides the name; a provider is made for one language."""
        return (
            bool(self.accent), self.url, self.support_url, self.support_email, self.status_url,
            tuple([(str(label), url) for label, url in self.legal_links]),
        )  # fmt: skip


@dataclass
class Sources:
    """Where the shell asks for what it cannot know. Set the attributes in `AppConfig.ready()`."""

    user: Callable[[HttpRequest], ShellUser | None] = lambda request: _user_of(request)
    organization: Callable[[HttpRequest], ShellOrganization | None] = lambda request: None
    # The latest first, and one more than `SWITCHER` when there are more.
    organizations: Callable[[HttpRequest], Sequence[ShellOrganization]] = lambda request: ()
    clients: Callable[[HttpRequest], Sequence[ShellOrganization]] = lambda request: ()
    notices: Callable[[HttpRequest], Sequence[Notice]] = lambda request: ()
    provider: Callable[[HttpRequest], Provider] = lambda request: Provider()
    support_code: Callable[[HttpRequest], str] = lambda request: ""
    language_chosen: Callable[[HttpRequest, str], None] = lambda request, language: None
    urls: dict[str, str | Callable[[HttpRequest], str]] = field(
        default_factory=lambda: {
            "account": "/account/",
            "login": "/login",
            "logout": "/logout",
            "home": "/",
            "new_organization": "",
            "organizations": "",
            "find_organization": "",
            "notices": "",
            "contact": "",
            "support_code": "",
            "search": "",
        }
    )


@dataclass
class NavLine:
    """A line of the rail, ready to be drawn."""

    key: str
    label: Text
    icon: str
    url: str
    badge: int = 0
    current: bool = False


@dataclass
class NavSection:
    """A group of the rail, ready to be drawn."""

    group: Group
    label: Text
    icon: str
    lines: list[NavLine]
    has_heading: bool = False

    @property
    def current(self) -> bool:
        """Whether the page belongs to this group."""
        return any(line.current for line in self.lines)


sources = Sources()
_entries: dict[str, NavEntry] = {}
_sorted: list[list[NavEntry]] = [[], []]  # the entries as they were registered, and in the order of the rail
_here: dict[
    bool, list[NavEntry]
] = {}  # those of them that belong on pages in an organization, and on the others
_apps: dict[str, AppLink] = {}
_guides: list[Guide] = []


def register(*entries: NavEntry) -> None:
    """Add lines to the left rail. A second entry with the same key replaces the first."""
    for entry in entries:
        _entries[entry.key] = entry


def register_app(*apps: AppLink) -> None:
    """Add apps to the apps switch."""
    for app in apps:
        _apps[app.key] = app


def register_guide(*guides: Guide) -> None:
    """Offer guides in the help bubble of the pages they are about."""
    _guides.extend(guide for guide in guides if guide not in _guides)


def nav_entries() -> list[NavEntry]:
    """All registered lines in the order of the rail."""
    entries = list(_entries.values())
    if entries != _sorted[0]:
        found = sorted(entries, key=lambda entry: (_PLACES[entry.group], entry.order, entry.key))
        _sorted[:] = [entries, found]
        _here.clear()
    return _sorted[1]


def _entries_here(in_organization: bool) -> list[NavEntry]:
    """The lines that may stand on pages in an organization, or on those outside of any; all that lead somewhere."""
    entries = nav_entries()
    found = _here.get(in_organization)
    if found is None:
        found = _here[in_organization] = [
            entry
            for entry in entries
            if (
                (not in_organization)
                if entry.group in OUTSIDE
                else (in_organization or not entry.in_organization)
            )
            and (
                callable(entry.url)
                or not entry.in_organization
                or _around_slug(entry.url, in_organization)[0]
            )
        ]
    return found


class ShellData:
    """What `ui/shell.html` shows around a page, as `{{ shell }}` in every template.

    Each part is asked for once, when a template first uses it, so a partial answer to htmx costs nothing.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        # Kept here by `frame`: a page is made of several pieces, each with the same frame.
        self.frame_shape: Hashable = None

    @cached_property
    def user(self) -> ShellUser | None:
        """Who is signed in."""
        return sources.user(self._request)

    @cached_property
    def organization(self) -> ShellOrganization | None:
        """The organization the page belongs to, if it belongs to one."""
        return sources.organization(self._request)

    @cached_property
    def organizations(self) -> Sequence[ShellOrganization]:
        """The organizations that this person entered last, as many as a menu holds."""
        return self._switchable[:SWITCHER]

    @cached_property
    def has_more_organizations(self) -> bool:
        """Whether there are others, which are found by searching."""
        return len(self._switchable) > SWITCHER

    @cached_property
    def _switchable(self) -> Sequence[ShellOrganization]:
        return sources.organizations(self._request)

    @cached_property
    def clients(self) -> Sequence[ShellOrganization]:
        """The organizations this person manages as a partner."""
        return sources.clients(self._request)

    @cached_property
    def notices(self) -> Sequence[Notice]:
        """What waits for this person."""
        return sources.notices(self._request)

    @cached_property
    def provider(self) -> Provider:
        """Who runs this installation."""
        return sources.provider(self._request)

    @cached_property
    def support_code(self) -> str:
        """The code by which support recognizes this person."""
        return sources.support_code(self._request)

    @cached_property
    def sections(self) -> list[NavSection]:
        """The left rail: only what this person may use in this organization."""
        sections: list[NavSection] = []
        current, slug = self._current, self.organization.slug if self.organization is not None else ""
        for entry, badge in self._shown:
            url = entry.url(self._request) if callable(entry.url) else _entry_url(entry, slug)
            if not url:
                continue
            if not sections or sections[-1].group != entry.group:
                look = GROUPS[entry.group]
                sections.append(NavSection(entry.group, look.label, look.icon, [], look.has_heading))
            sections[-1].lines.append(
                NavLine(entry.key, entry.label, entry.icon, url, badge, entry.key == current)
            )
        return sections

    @cached_property
    def bar(self) -> list[NavLine]:
        """The four lines of the bottom bar on a phone; the fifth is "More"."""
        lines = [line for section in self.sections for line in section.lines]
        firsts = [section.lines[0] for section in self.sections]
        return (firsts if len(firsts) >= 4 else lines)[:4]

    @cached_property
    def apps(self) -> list[NavLine]:
        """The apps switch."""
        found = sorted(_apps.values(), key=lambda app: (app.order, app.key))
        lines = []
        for app in found:
            if app.shown(self._request):
                url = resolve_url(app.url, self._request)
                lines.append(NavLine(app.key, app.label, app.icon, url, 0, _is_at(self._request.path, url)))
        return lines

    @property
    def products(self) -> list[NavLine]:
        """The kinds of products that the organization has, for the apps switch (ORG-99)."""
        sections = [section for section in self.sections if section.group in PRODUCTS]
        return [line for section in sections for line in section.lines]

    @property
    def guides(self) -> list[Guide]:
        """The guides about this page, the most specific first."""
        place = self._place()
        fitting = [guide for guide in _guides if place.startswith(guide.page)]
        return sorted(fitting, key=lambda guide: -len(guide.page))[:4]

    @property
    def theme(self) -> str:
        """`light`, `dark`, or `auto` to follow the device."""
        choice = self._request.COOKIES.get("theme", "auto")
        return choice if choice in {"light", "dark"} else "auto"

    @property
    def rail(self) -> str:
        """`narrow` when the person has collapsed the rail to icons, else `wide`."""
        return "narrow" if self._request.COOKIES.get("rail") == "narrow" else "wide"

    @property
    def language(self) -> str:
        """The language of the page, for `<html lang>`."""
        return get_language() or "en"

    @property
    def languages(self) -> list[tuple[str, str]]:
        """The languages to choose from, each in its own words."""
        return [(code, OWN_NAMES.get(code, code)) for code, _name in settings.LANGUAGES]

    @cached_property
    def url(self) -> dict[str, str]:
        """The addresses of the shell's own links, such as `shell.url.account`."""
        return {name: resolve_url(value, self._request) for name, value in sources.urls.items()}

    def _place(self) -> str:
        path = self._request.path
        if path.startswith("/o/"):
            return path[3:].partition("/")[2]
        return path.lstrip("/")

    def lines_shape(self, place: Callable[[str], str]) -> Hashable:
        """What of the rail is not the same for everybody: which lines, their numbers, and which one is marked."""
        shown = self._shown
        own = [place(entry.url(self._request)) for entry, _badge in shown if callable(entry.url)]
        return tuple([(entry.key, badge) for entry, badge in shown]), tuple(own), self._current

    @cached_property
    def _shown(self) -> list[tuple[NavEntry, int]]:
        """The lines of the rail that this person sees here, each with its number."""
        request = self._request
        return [
            (entry, 0 if entry.badge is _nothing else entry.badge(request))
            for entry in _entries_here(self.organization is not None)
            if entry.shown is _always or entry.shown(request)
        ]

    @cached_property
    def _current(self) -> str:
        """The key of the line that fits the page best."""
        request = self._request
        named: str | None = getattr(request, "nav", None)
        if named:
            return named
        begin = f"/o/{self.organization.slug}/" if self.organization is not None else ""
        entries, own, path = [], [], request.path
        for entry, _badge in self._shown:
            entries.append(entry)
            if callable(entry.url):
                own.append(_slugless(entry.url(request), begin))
        return _fitting(tuple(entries), tuple(own), _slugless(path, begin), SLUG if begin else "")


SLUG = "0-0"


def _slugless(path: str, begin: str) -> str:
    """The path with the same word for the organization's slug, whichever it is."""
    return f"/o/{SLUG}/{path[len(begin) :]}" if begin and path.startswith(begin) else path


@lru_cache(maxsize=4096)
def _fitting(entries: tuple[NavEntry, ...], own: tuple[str, ...], path: str, slug: str) -> str:
    """The key of the line that fits the path best. `own` are the addresses of those that find theirs themselves."""
    best, longest, found = "", -1, iter(own)
    for entry in entries:
        url = next(found) if callable(entry.url) else _entry_url(entry, slug)
        if not url:
            continue
        if (
            len(url) > longest
            and path.startswith(url)
            and _is_at(path, url, exactly=entry.group is Group.HOME)
        ):
            best, longest = entry.key, len(url)
        for place in entry.also_at:
            if len(place) > longest and _is_at(path, place):
                best, longest = entry.key, len(place)
    return best


def _entry_url(entry: NavEntry, slug: str) -> str:
    """The address of a line that has a name or a path for it."""
    assert isinstance(entry.url, str)
    if not entry.in_organization:
        return resolve_url(entry.url)
    before, after = _around_slug(entry.url, bool(slug))
    return f"{before}{slug}{after}" if before else ""


@lru_cache(maxsize=512)
def _around_slug(name: str, has_slug: bool) -> tuple[str, str]:
    """The address of this name in an organization, before and after its slug. Every page asks for every line."""
    try:
        before, _slug, after = (address(name, SLUG) if has_slug else address(name)).partition(SLUG)
    except NoReverseMatch:
        # A line that leads nowhere is left out; a test of the console finds it.
        return "", ""
    return before, after


OWN_NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "it": "Italiano", "es": "Español"}


def resolve_url(value: str | Callable[[HttpRequest], str], request: HttpRequest | None = None) -> str:
    """An address from a path, a URL name or a function of the request; "" when there is none."""
    if callable(value):
        assert request is not None
        return value(request)
    if not value or value.startswith(("/", "http:", "https:", "#", "mailto:")):
        return value
    try:
        return _reversed(value, "")
    except NoReverseMatch:
        return ""


@lru_cache(maxsize=4096)
def _reversed(name: str, slug: str) -> str:
    return reverse(name, args=[slug] if slug else [])


def context(request: HttpRequest) -> dict[str, Any]:
    """The context processor behind `{{ shell }}`."""
    return {"shell": SimpleLazyObject(lambda: shell_of(request))}


def shell_of(request: HttpRequest) -> ShellData:
    """The shell of this request, the same object however often it is asked for."""
    found = getattr(request, "_kanton_shell", None)
    if found is None:
        found = ShellData(request)
        request._kanton_shell = found  # type: ignore[attr-defined]
    return cast("ShellData", found)


def _is_at(path: str, url: str, *, exactly: bool = False) -> bool:
    if exactly or url == "/":
        return path == url
    return path == url or path.startswith(url if url.endswith("/") else f"{url}/")


def _user_of(request: HttpRequest) -> ShellUser | None:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    name = str(getattr(user, "name", "") or user.get_full_name() or user.get_username())
    login = str(getattr(user, "email", "") or user.get_username())
    return ShellUser(name=name, login=login, is_staff=bool(getattr(user, "is_staff", False)))
