"""The pages of zones: records, history, import and export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.core.activity import KINDS
from kanton.core.errors import DomainError, Forbidden, NotFound
from kanton.core.parity import shows
from kanton.organizations.web import ConsoleRequest, selected_numbers
from kanton.products.domains import names, queries, records, zonefile
from kanton.products.domains.actions import (
    create_record,
    create_zone,
    delete_record,
    delete_records,
    delete_zone,
    import_zone,
    read_text,
    restore_zone,
    update_record,
)
from kanton.products.domains.errors import error_of
from kanton.products.domains.forms import PURPOSES, ImportForm, RecordForm, VersionForm, ZoneForm
from kanton.products.domains.linking import SETUP
from kanton.products.domains.models import Zone, ZoneRecord, ZoneVersion
from kanton.products.domains.records import Record
from kanton.products.domains.rights import DNS_EDIT
from kanton.products.domains.views import domain_context, page_url
from kanton.ui import components
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished, hx_render
from kanton.ui.tables import Bulk, Column, DateColumn, Filter, RowAction, Table

SHOWN = 90


def _owner(row: ZoneRecord) -> SafeString:
    source = names.source_in(row.name, row.zone.name)
    if source == ".":
        return format_html('<span class="quiet">@</span>&nbsp;{}', row.zone.display_name)
    return format_html("{}", names.display_name(source))


def _target(row: ZoneRecord) -> SafeString:
    whole = records.text_value(row.target) if row.type == "TXT" else row.target
    host = row.pure.host
    if host and "xn--" in host:
        whole = f"{whole} ({names.display_name(host)})"
    shown = whole if len(whole) <= SHOWN else whole[:SHOWN] + "…"
    return format_html('<code title="{}">{}</code>', whole, shown)


def _maker(row: ZoneRecord) -> str:
    if row.made_by == SETUP:
        return _("came with the domain")
    if row.made_by:
        return _("linked: %(owner)s") % {"owner": row.made_by.partition(":")[0]}
    return ""


def _type_choices() -> list[tuple[str, str]]:
    return [(kind, kind) for kind in PURPOSES]


class RecordTable(Table[ZoneRecord]):
    """The records of a zone."""

    name = Column(
        gettext_lazy("Name"),
        value=lambda row: names.display_name(row.name),
        html=_owner,
        below=_maker,
        link=lambda row: _edit_url(row),
        sort="place",
    )
    type = Column(gettext_lazy("Type"), html=lambda row: components.badge(row.type), sort="type")
    target = Column(
        gettext_lazy("Target"),
        value=lambda row: records.text_value(row.target) if row.type == "TXT" else row.target,
        html=_target,
    )
    ttl = Column(gettext_lazy("TTL"), sort="ttl", wide=True)
    updated_at = DateColumn(gettext_lazy("Changed"), sort="updated_at", wide=True)
    search = ("name", "target")
    filters = (Filter("type", gettext_lazy("Type"), _type_choices),)
    default_sort = "place"
    file_name = "records"

    def row_actions(self, row: ZoneRecord) -> Sequence[RowAction]:
        """Edit and delete."""
        slug, zone, may_edit = self.context["slug"], row.zone.name, self.context["may_edit"]
        delete = page_url(slug, "delete_record", zone, row.pk)
        return (
            RowAction(_("Edit"), _edit_url(row), "pencil", decision=may_edit),
            RowAction(_("Delete"), delete, "trash", post=True, danger=True, decision=may_edit),
        )


def _edit_url(row: ZoneRecord) -> str:
    return page_url(row.zone.organization.slug, "edit_record", row.zone.name, row.pk)


def zone_context(request: ConsoleRequest, found: Zone) -> dict[str, Any]:
    """What every page of a zone needs."""
    slug = request.organization.slug
    return domain_context(request, found.domain) | {
        "zone": found,
        "zone_state_url": page_url(slug, "zone_state", found.name),
        "may_edit": request.actor.decide(DNS_EDIT, found),
    }


def zone_here(request: ConsoleRequest, name: str) -> Zone:
    """The zone of the address; a domain whose zone is gone has none."""
    return queries.zone_for(request.actor, name, request.organization)


@require_GET
@shows(queries.zone_for, queries.records_of, queries.hints_for)
def zone(request: ConsoleRequest, name: str) -> HttpResponse:
    """The records of a zone."""
    found = zone_here(request, name)
    context = zone_context(request, found)
    rows = ZoneRecord.objects.filter(zone=found).select_related("zone__organization")
    table = RecordTable(request, rows, slug=request.organization.slug, may_edit=context["may_edit"])
    table.bulk = (
        Bulk(
            gettext_lazy("Delete"),
            page_url(request.organization.slug, "delete_records", found.name),
            icon="trash",
            danger=True,
            decision=context["may_edit"],
        ),
    )
    context["hints"] = queries.hints_for(found)
    return table.response("domains/zone.html", context)


@require_GET
def state(request: ConsoleRequest, name: str) -> HttpResponse:
    """Whether the name server has confirmed the zone, asked again while it is pending."""
    return HttpResponse(components.wish(zone_here(request, name), refresh=request.path))


@require_http_methods(["GET", "POST"])
def add(request: ConsoleRequest, name: str) -> HttpResponse:
    """Add a record; `?type=` chooses the fields."""
    found = zone_here(request, name)
    kind = records.TYPES.get(request.GET.get("type", "A").upper())
    if kind is None:
        raise Http404
    form = RecordForm(request.POST or None, zone=found.name, kind=kind, version=found.version)
    return carry_out(
        request,
        form,
        create_record,
        found,
        page="domains/add_record.html",
        partial="domains/_record_form.html",
        then=lambda row: _saved(request, found, row.zone, _("The record is saved; the name server follows.")),
        context=zone_context(request, found)
        | {"kind": kind, "purpose": PURPOSES[kind.name], "types": list(PURPOSES.items())},
    )


@require_http_methods(["GET", "POST"])
def edit(request: ConsoleRequest, name: str, number: int) -> HttpResponse:
    """Change a record."""
    found = zone_here(request, name)
    row = queries.record_for(found, number)
    kind = records.TYPES[row.type]
    form = RecordForm(request.POST or None, zone=found.name, kind=kind, row=row, version=found.version)
    return carry_out(
        request,
        form,
        update_record,
        found,
        number,
        page="domains/edit_record.html",
        partial="domains/_record_form.html",
        then=lambda row: _saved(request, found, row.zone, _("The record is saved; the name server follows.")),
        context=zone_context(request, found) | {"kind": kind, "purpose": PURPOSES[kind.name], "row": row},
    )


def _saved(request: ConsoleRequest, found: Zone, saved: Zone, text: str) -> HttpResponse:
    """Back to the zone, with Undo for the change that was just made. What changed nothing has none: it would undo
    somebody else's change."""
    slug, number = request.organization.slug, saved.version
    undo = ""
    if number > max(found.version, 1):
        undo = page_url(slug, "restore", found.name, number - 1) + f"?version={number}"
    return finished(request, text, to=page_url(slug, "zone", found.name), undo_url=undo)


@require_POST
def delete(request: ConsoleRequest, name: str, number: int) -> HttpResponse:
    """Delete a record; Undo brings it back."""
    found = zone_here(request, name)
    return _do(
        request,
        found,
        lambda: delete_record(request.actor, found, number),
        _("The record is deleted; the name server follows."),
    )


@require_POST
def delete_many(request: ConsoleRequest, name: str) -> HttpResponse:
    """Delete the selected records together."""
    found = zone_here(request, name)
    chosen = selected_numbers(request.POST)
    if not chosen:
        to = page_url(request.organization.slug, "zone", found.name)
        return finished(request, _("Select the records first."), to=to, kind="note")
    text = ngettext("%(count)s record is deleted.", "%(count)s records are deleted.", len(chosen))
    return _do(
        request,
        found,
        lambda: delete_records(request.actor, found, chosen),
        text % {"count": len(chosen)},
    )


def _do(request: ConsoleRequest, found: Zone, do: Callable[[], Zone], text: str) -> HttpResponse:
    """Do something that has no form; a business error is told on the page it came from."""
    try:
        saved = do()
    except (NotFound, Forbidden):
        raise
    except DomainError as error:
        to = page_url(request.organization.slug, "zone", found.name)
        return finished(request, error.sentence, to=to, kind="failed")
    return _saved(request, found, saved, text)


# --- import and export ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def import_text(request: ConsoleRequest, name: str) -> HttpResponse:
    """Replace a zone by a zone file: first the differences, then saving (DOM-43)."""
    found = zone_here(request, name)
    form = ImportForm(
        request.POST or None, initial={"version": found.version, "text": queries.zone_text(found)}
    )
    context = zone_context(request, found) | {"form": form}
    page, partial = "domains/import.html", "domains/_import_form.html"
    if not form.is_bound:
        return hx_render(request, page, partial, context)
    if form.is_valid():
        with form.catching():
            text, version = form.cleaned_data["text"], form.cleaned_data["version"]
            if "save" in request.POST:
                saved = import_zone(request.actor, found, text=text, version=version)
                return _saved(request, found, saved, _("The zone file is saved; the name server follows."))
            context["difference"] = look_at(found, text)
            return hx_render(request, page, partial, context)
    return hx_render(request, page, partial, context, status=422)


def look_at(found: Zone, text: str) -> zonefile.Difference:
    """What a zone text would change, or the error that it would meet."""
    before = [row.pure for row in ZoneRecord.objects.filter(zone=found)]
    wanted = read_text(text, found.name)
    if not any(each.name == found.name and each.type == "NS" for each in wanted):
        wanted += [each for each in before if each.name == found.name and each.type == "NS"]
    for _record, problem in records.check_zone(found.name, wanted):
        raise error_of(problem)
    return zonefile.difference(before, wanted)


@require_GET
@shows(queries.zone_text)
def export(request: ConsoleRequest, name: str) -> HttpResponse:
    """The zone as a file."""
    found = zone_here(request, name)
    answer = HttpResponse(queries.zone_text(found), content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.name}.zone.txt"'
    return answer


# --- history ----------------------------------------------------------------------------------------------------


def _lines(changed: Sequence[Record], zone: str, sign: str) -> SafeString:
    shown = [
        names.shortened(f"{sign} {names.source_in(each.name, zone)} {each.type} {each.target}", 100)
        for each in changed[:5]
    ]
    if len(changed) > 5:
        shown.append(f"{sign} … ({len(changed) - 5})")
    return SafeString("".join(format_html("<div><code>{}</code></div>", line) for line in shown))


def _what(version: ZoneVersion) -> SafeString:
    zone = version.zone.name
    lines = _lines(version.removed_records, zone, "−") + _lines(version.added_records, zone, "+")
    return format_html("<div>{}</div>", lines)


def _kind(version: ZoneVersion) -> str:
    words = {
        "domains.zone_created": pgettext("a zone", "Created"),
        "domains.record_added": _("Record added"),
        "domains.record_changed": _("Record changed"),
        "domains.record_removed": _("Record deleted"),
        "domains.records_removed": _("Records deleted"),
        "domains.zone_imported": _("Zone file imported"),
        "domains.zone_restored": _("Earlier version brought back"),
        "domains.records_linked": _("Service linked"),
        "domains.records_unlinked": _("Service unlinked"),
    }
    assert version.kind in KINDS
    return words.get(version.kind, version.kind)


class VersionTable(Table[ZoneVersion]):
    """The saved changes of a zone."""

    number = Column(
        gettext_lazy("Version"), value=_kind, below=lambda version: f"{version.number}", main=True
    )
    what = Column(
        gettext_lazy("Changes"),
        html=_what,
        value=lambda version: "; ".join(
            [f"- {record.name} {record.type} {record.target}" for record in version.removed_records]
            + [f"+ {record.name} {record.type} {record.target}" for record in version.added_records]
        ),
    )
    actor = Column(gettext_lazy("By"), wide=True)
    made_at = DateColumn(gettext_lazy("When"))
    search = ("actor",)
    default_sort = "-number"
    file_name = "zone-history"

    def row_actions(self, row: ZoneVersion) -> Sequence[RowAction]:
        """Bring this version back."""
        if row.number == self.context["present"]:
            return ()
        url = page_url(self.context["slug"], "restore", row.zone.name, row.number)
        may_edit = self.context["may_edit"]
        return (RowAction(_("Bring this version back"), url, "history", decision=may_edit),)


@require_GET
@shows(queries.versions_of)
def history(request: ConsoleRequest, name: str) -> HttpResponse:
    """Who changed what in a zone, and when."""
    found = zone_here(request, name)
    context = zone_context(request, found)
    table = VersionTable(
        request,
        ZoneVersion.objects.filter(zone=found).select_related("zone"),
        slug=request.organization.slug,
        may_edit=context["may_edit"],
        present=found.version,
    )
    return table.response("domains/history.html", context)


@require_http_methods(["GET", "POST"])
@shows(queries.version_for, queries.difference_to)
def restore(request: ConsoleRequest, name: str, number: int) -> HttpResponse:
    """Bring an earlier version back: first what would change, then doing it. Undo of a change comes here too."""
    found = zone_here(request, name)
    version = queries.version_for(found, number)
    data = request.POST.copy() if request.method == "POST" else None
    if data is not None and "version" not in data:
        data["version"] = request.GET.get("version", "")
    form = VersionForm(data, initial={"version": found.version})
    return carry_out(
        request,
        form,
        restore_zone,
        found,
        number=number,
        page="domains/restore.html",
        partial="domains/_restore_form.html",
        then=lambda saved: _saved(
            request,
            found,
            saved,
            _("Version %(number)s is back; the name server follows.") % {"number": number},
        ),
        context=zone_context(request, found)
        | {"chosen": version, "difference": queries.difference_to(found, number)},
    )


# --- zones below ------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def add_zone(request: ConsoleRequest, name: str) -> HttpResponse:
    """A zone of its own for a part of a domain."""
    domain = queries.domain_for(request.actor, name, request.organization)
    return carry_out(
        request,
        ZoneForm(request.POST or None),
        create_zone,
        domain,
        page="domains/add_zone.html",
        partial="domains/_zone_form.html",
        then=lambda made: finished(
            request,
            _("The zone %(name)s is there.") % {"name": made.display_name},
            to=page_url(request.organization.slug, "zone", made.name),
        ),
        context=domain_context(request, domain),
    )


@require_http_methods(["GET", "POST"])
def remove_zone(request: ConsoleRequest, name: str) -> HttpResponse:
    """Delete a zone below a domain."""
    found = zone_here(request, name)
    return carry_out(
        request,
        VersionForm(request.POST if request.method == "POST" else None),
        _delete_zone,
        found,
        page="domains/remove_zone.html",
        partial="domains/_remove_zone_form.html",
        then=lambda _zone: finished(
            request,
            _("The zone %(name)s is deleted.") % {"name": found.display_name},
            to=reverse("domains:overview", args=[request.organization.slug, found.domain.name]),
        ),
        context=zone_context(request, found),
    )


def _delete_zone(actor: Any, found: Zone, *, version: int | None = None) -> Zone:
    return delete_zone(actor, found)
