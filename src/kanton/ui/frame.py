"""The frame around a page, kept between requests (`kanton.ui.kept`): it is most of a page and the same for nearly
everybody."""

from __future__ import annotations

import copy
import time
from collections.abc import Hashable, Sequence
from dataclasses import fields, replace
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from kanton.core.csrf import csrf_token
from kanton.ui import components
from kanton.ui.kept import Guard, Placing, kept, stand_in
from kanton.ui.markup import escaped
from kanton.ui.shell import NavLine, ShellData, ShellOrganization, shell_of


def before(request: HttpRequest) -> SafeString:
    """The rail and the top bar."""
    return _part(request, "ui/_frame_before.html")


def after(request: HttpRequest, *, tour_first: bool = False) -> SafeString:
    """The bottom bar, the help bubble and the search box."""
    return _part(request, "ui/_frame_after.html", tour_first=tour_first)


def _part(request: HttpRequest, template: str, **options: Any) -> SafeString:
    if isinstance(request, Guard):  # within a page that is being kept as a whole
        return render_to_string(template, common(shell_of(request)) | options)
    values = Values(request)
    found = kept(
        (template, tuple(options.values()), values.shape),
        lambda: render_to_string(template, common(values.masked()) | options),
    )
    assert found is not None
    return found.filled(values)


def common(shell: ShellData) -> dict[str, Any]:
    """What every kept template may read besides what its page gives it."""
    return {"shell": shell, "csrf_token": stand_in("token"), "here": stand_in("here")}


class Values:
    """What a request puts into the places of kept pieces, and the shape of its frame."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.shell = shell_of(request)
        self._own = self.shell.organization
        self.place = Placing(self._own.slug if self._own else "")

    @property
    def shape(self) -> Hashable:
        """Everything that the frame's templates read, apart from what is put in."""
        if self.shell.frame_shape is None:
            self.shell.frame_shape = self._shape()
        return self.shell.frame_shape

    @cached_property
    def people(self) -> list[ShellOrganization]:
        """The organizations whose names are put in: the page's own first, then those of the switcher."""
        own = self._own
        others = [one for one in self.shell.organizations if own is None or one.slug != own.slug]
        return ([own] if own else []) + others

    def __call__(self, kind: str, number: int, css: str) -> str:
        """What belongs into this place, as HTML."""
        shell = self.shell
        user = shell.user
        match kind:
            case "slug":
                return escaped(self.people[number].slug)
            case "name":
                return escaped(self.people[number].name)
            case "square":
                return escaped(self.people[number].square)
            case "nameavatar":
                return components.square(self.people[number], css)
            case "wide":
                return escaped(self.people[number].wide_logo_url)
            case "accent":
                return escaped(self.people[number].accent)
            case "provider":
                return escaped(shell.provider.name)
            case "provideraccent":
                return escaped(shell.provider.accent)
            case "token":
                return csrf_token(self.request)
            case "here":
                return escaped(self.request.get_full_path())
            case "pk":
                return str(self.request.organization.pk)  # type: ignore[attr-defined]
            case "code":
                return escaped(shell.support_code)
            case "person" if user:
                return escaped(user.name)
            case "personavatar" if user:
                return components.avatar(user.name, user.picture_url, css)
            case "picture" if user:
                return escaped(user.picture_url)
            case "login" if user:
                return escaped(user.login)
        raise AssertionError(kind)

    def _shape(self) -> Hashable:
        shell, own, place = self.shell, self._own, self.place
        user, organizations, notices = shell.user, shell.organizations, shell.notices
        slugs = [one.slug for one in organizations]
        return (
            shell.language,
            shell.theme,
            shell.rail,
            (bool(user.picture_url), user.is_staff) if user else None,
            shell.provider.shape,
            (_looks(own), bool(own.accent)) if own else None,
            tuple([_looks(one) for one in organizations]),
            shell.has_more_organizations,
            # Where the page's own stands among them.
            slugs.index(own.slug) if own and own.slug in slugs else -1,
            tuple([_organization(one) for one in shell.clients]),
            shell.lines_shape(place),
            # What lines and guides say follows from which they are, and from the language.
            tuple([(line.key, place(line.url), line.current) for line in shell.apps]),
            tuple([(str(notice.text), notice.url, notice.icon, notice.kind, notice.at) for notice in notices]),
            # “3 minutes ago” stands beside notices.
            int(time.time() // 60) if notices else 0,
            tuple([(guide.page, guide.url) for guide in shell.guides]),
            bool(shell.support_code),
            tuple([place(url) for url in shell.url.values()]),
        )  # fmt: skip

    def masked(self) -> ShellData:
        """The shell as the templates get it: with stand-ins."""
        shell, place = self.shell, self.place
        by_slug = {one.slug: _masked_organization(one, number) for number, one in enumerate(self.people)}
        masked = copy.copy(shell)
        known = vars(masked)
        known.pop("bar", None)
        if shell.organization:
            known["organization"] = by_slug[shell.organization.slug]
        known["provider"] = replace(
            shell.provider,
            name=stand_in("provider"),
            accent=stand_in("provideraccent") if shell.provider.accent else "",
        )
        known["organizations"] = [
            replace(by_slug[one.slug], role=one.role, url=one.url) if one.slug in by_slug else one
            for one in shell.organizations
        ]
        if shell.user:
            known["user"] = replace(
                shell.user,
                name=stand_in("person"),
                login=stand_in("login"),
                picture_url=stand_in("picture") if shell.user.picture_url else "",
            )
        if shell.support_code:
            known["support_code"] = stand_in("code")
        known["sections"] = [
            replace(section, lines=_placed(section.lines, place)) for section in shell.sections
        ]
        known["apps"] = _placed(shell.apps, place)
        known["url"] = {name: place(url) for name, url in shell.url.items()}
        return masked


def _looks(one: ShellOrganization) -> tuple[Any, ...]:
    """What of an organization is part of the shape when its name is put in."""
    return (bool(one.name), bool(one.logo_url), bool(one.wide_logo_url), str(one.role), one.url)


def _organization(one: ShellOrganization) -> tuple[str, ...]:
    return (one.name, one.slug, one.initials, one.colour, one.logo_url, one.wide_logo_url, str(one.role),
            one.home_url)  # fmt: skip


class _Masked(ShellOrganization):
    """An organization of stand-ins."""

    @property
    def square(self) -> str:
        """Whole: a stand-in must not be cut."""
        return self.initials


def _masked_organization(one: ShellOrganization, number: int) -> ShellOrganization:
    known = {each.name: getattr(one, each.name) for each in fields(one)}
    words = {kind: stand_in(kind, number) for kind in ("name", "slug", "square")}
    looks = {
        "wide_logo_url": stand_in("wide", number) if one.wide_logo_url else "",
        "accent": stand_in("accent", number) if one.accent else "",
    }
    return _Masked(
        **known | looks | {"name": words["name"], "slug": words["slug"], "initials": words["square"]}
    )


def _placed(lines: Sequence[NavLine], place: Placing) -> list[NavLine]:
    return [replace(line, url=place(line.url)) for line in lines]
