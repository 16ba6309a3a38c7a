"""The forms of domains and zones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.accounts.places import countries
from kanton.core.errors import DomainError
from kanton.products.domains import names, records
from kanton.products.domains.models import ContactKind, DomainContact, ZoneRecord
from kanton.products.domains.records import RecordType, TextType
from kanton.products.domains.zonefile import MAX_BYTES
from kanton.ui import forms as ui

#: What each type is for, in the order in which people need them.
PURPOSES: dict[str, Any] = {
    "A": _("IPv4 address of a web server or another computer"),
    "AAAA": _("IPv6 address"),
    "CNAME": _("another name for a computer"),
    "MX": _("mail server that receives mail"),
    "TXT": _("text: SPF, DKIM, DMARC, proof of control"),
    "SRV": _("where a service runs: calendar, telephony, chat"),
    "CAA": _("who may issue certificates"),
    "NS": _("name servers of a subdomain"),
    "DNAME": _("all subdomains at once to another domain"),
    "DS": _("signature of a delegated subdomain (DNSSEC)"),
    "TLSA": _("certificate of a server (DANE)"),
    "SMIMEA": _("certificate of a mail address (S/MIME)"),
    "SSHFP": _("fingerprint of an SSH server"),
}

PART_LABELS: dict[str, Any] = {
    "address": _("Address"),
    "host": _("Host name"),
    "priority": _("Priority"),
    "weight": _("Weight"),
    "port": _("Port"),
    "flags": _("Flags"),
    "tag": _("Property"),
    "value": _("Value"),
    "text": _("Text"),
    "key_tag": _("Key tag"),
    "algorithm": _("Algorithm"),
    "digest_type": _("Digest type"),
    "digest": _("Digest"),
    "usage": _("Usage"),
    "selector": _("Selector"),
    "matching_type": _("Matching type"),
    "fingerprint": _("Fingerprint"),
    "fingerprint_type": _("Fingerprint type"),
}

PART_HELP: dict[tuple[str, str], Any] = {
    ("A", "address"): _("As in 192.0.2.10."),
    ("AAAA", "address"): _("As in 2001:db8::10."),
    ("CNAME", "host"): _("The name that is meant, as in www.example.ch."),
    ("MX", "priority"): _("The lowest number is tried first; 10 is usual."),
    ("MX", "host"): _("The name of the mail server, not its address."),
    ("TXT", "text"): _("Paste it as one line; quotation marks are not needed."),
    ("SRV", "priority"): _("The lowest number is tried first."),
    ("SRV", "weight"): _("Among equal priorities, how much of the load."),
    ("CAA", "flags"): _("0, or 128 if issuers must understand it."),
    ("CAA", "tag"): _("issue, issuewild or iodef."),
    ("CAA", "value"): _("The issuer, as in letsencrypt.org; “;” alone allows nobody."),
    ("NS", "host"): _("One name server; add a record for each."),
}

TTLS = [
    (60, _("1 minute")),
    (300, _("5 minutes")),
    (1800, _("30 minutes")),
    (3600, _("1 hour")),
    (14_400, _("4 hours")),
    (43_200, _("12 hours")),
    (86_400, _("1 day")),
]
FIRST_NUMBERS = {"priority": "10", "weight": "0", "flags": "0", "tag": "issue"}


class RecordForm(ui.Form):
    """One record, with a field for each part of its type. Turns them into what `create_record` takes."""

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        zone: str,
        kind: RecordType,
        row: ZoneRecord | None = None,
        version: int | None = None,
    ) -> None:
        self.zone, self.kind, self.row = zone, kind, row
        super().__init__(data, initial={"version": version})
        self._add_source()
        values = kind.values(row.target) if row is not None else []
        for place, part in enumerate(kind.parts):
            self._add_part(part.name, values[place] if values else FIRST_NUMBERS.get(part.name, ""))
        self._add_ttl()
        self.fields["version"] = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def _add_source(self) -> None:
        source = names.source_in(self.row.name, self.zone) if self.row is not None else ""
        self.fields["source"] = forms.CharField(
            label=_("Name"),
            required=False,
            max_length=1000,
            initial="" if source == "." else names.display_name(source),
            help_text=_("The part before .%(zone)s; empty for %(zone)s itself, * for all other names.")
            % {"zone": names.display_name(self.zone)},
            widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        )

    def _add_part(self, name: str, value: str) -> None:
        is_text = isinstance(self.kind, TextType)
        if is_text and value:
            # Several strings keep their quotation marks: where they part may be meant.
            strings = records.text_strings(value)
            joined = b"".join(strings).decode("utf-8", "backslashreplace")
            value = joined if records.split_text(joined.encode()) == value else value
        elif name == "value" and value:
            value = records.unescaped(value[1:-1]).decode("utf-8", "backslashreplace")
        is_long = is_text or name in ("digest", "fingerprint")
        attrs = {"autocomplete": "off", "spellcheck": "false"}
        self.fields[f"part_{name}"] = forms.CharField(
            label=PART_LABELS[name],
            max_length=40_000,
            strip=True,
            initial=value,
            help_text=PART_HELP.get((self.kind.name, name), ""),
            widget=ui.Textarea(attrs) if is_long else forms.TextInput(attrs),
        )

    def _add_ttl(self) -> None:
        ttl = self.row.ttl if self.row is not None else records.DEFAULT_TTL
        choices: list[tuple[int, Any]] = list(TTLS)
        if ttl not in dict(TTLS):
            choices = sorted(
                [*choices, (ttl, _("%(seconds)s seconds") % {"seconds": ttl})], key=lambda c: c[0]
            )
        self.fields["ttl"] = forms.TypedChoiceField(
            label=_("Kept by others for (TTL)"),
            choices=choices,
            coerce=int,
            initial=ttl,
            help_text=_("Short before a change, long when all is settled."),
        )

    def clean(self) -> dict[str, Any]:
        """The record as the actions take it."""
        data = super().clean() or {}
        parts = [str(data.get(f"part_{part.name}", "")).strip() for part in self.kind.parts]
        if self.kind.name == "CAA" and parts[-1] and not parts[-1].startswith('"'):
            parts[-1] = records.quoted(parts[-1].encode())
        return {
            "source": data.get("source", ""),
            "type": self.kind.name,
            "target": " ".join(parts),
            "ttl": data.get("ttl"),
            "version": data.get("version"),
        }

    def add_domain_error(self, error: DomainError) -> None:
        """Show what is wrong with the target under the part that it is about."""
        if error.field in ("target", "type"):
            part = error.params.get("part")
            place = f"part_{part}" if f"part_{part}" in self.fields else f"part_{self.kind.parts[-1].name}"
            self.add_error(place, forms.ValidationError(error.sentence, code=error.code))
        else:
            super().add_domain_error(error)


class ImportForm(ui.Form):
    """A zone file to look at, and then to save."""

    text = forms.CharField(
        label=_("Zone file"),
        max_length=MAX_BYTES,
        strip=False,
        widget=ui.Textarea({"rows": 16, "spellcheck": "false"}),
        help_text=_(
            "Everything in the zone is replaced by what stands here. You see the differences before anything is saved."
        ),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class VersionForm(ui.Form):
    """Only remembers which version of the zone was looked at."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class ZoneForm(ui.Form):
    """A zone below a domain."""

    name = forms.CharField(
        label=_("Name of the zone"),
        max_length=1000,
        help_text=_("In full, as in dev.example.ch. Our name servers answer it apart from the zone above."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )


class NameserversForm(ui.Form):
    """Ours, or two and more of others."""

    use_own = forms.ChoiceField(
        label=_("Who answers for the domain"),
        choices=[("yes", _("Our name servers")), ("no", _("Other name servers"))],
        widget=forms.RadioSelect,
    )
    nameservers = forms.CharField(
        label=_("Other name servers"),
        required=False,
        max_length=4000,
        widget=ui.Textarea({"rows": 4, "spellcheck": "false"}),
        help_text=_("One per line, at least two. The zone must exist there first."),
    )
    verify = forms.BooleanField(
        label=_("Ask these name servers first whether they answer for the domain"),
        required=False,
        initial=True,
    )

    def clean(self) -> dict[str, Any]:
        """The name servers as the action takes them."""
        data = super().clean() or {}
        given = str(data.get("nameservers", "")).replace(",", " ").split()
        use_own = data.get("use_own") == "yes"
        return {
            "nameservers": [] if use_own else given,
            "use_own": use_own,
            "verify": bool(data.get("verify")) and not use_own,
        }


class ContactForm(ui.ModelForm):
    """The contact details of a domain in one role."""

    class Meta:
        model = DomainContact
        fields = (
            "kind",
            "first_name",
            "last_name",
            "company",
            "street",
            "postal_code",
            "city",
            "country",
            "phone",
            "email",
        )
        labels = {
            "kind": _("Who is this"),
            "first_name": _("First name"),
            "last_name": _("Last name"),
            "company": _("Company or organization"),
            "street": _("Street and number"),
            "postal_code": _("Postcode"),
            "city": _("Town"),
            "phone": _("Phone"),
            "email": _("Email address"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"] = forms.ChoiceField(label=_("Who is this"), choices=ContactKind.choices)
        self.fields["country"] = forms.ChoiceField(label=_("Country"), choices=countries)
        self.fields["phone"].widget = forms.TextInput({"type": "tel", "autocomplete": "tel", "maxlength": 20})
        for name in ("street", "postal_code", "city", "email"):
            self.fields[name].required = True

    def clean(self) -> dict[str, Any]:
        """The details as the action takes them."""
        data = super().clean() or {}
        details = {name: str(data.get(name) or "") for name in self.Meta.fields}
        return {"details": details}

    def _post_clean(self) -> None:
        """The action saves and checks; the instance stays as it is."""


class FindForm(ui.Form):
    """A name somebody would like."""

    q = forms.CharField(
        label=_("Name"),
        max_length=253,
        required=False,
        widget=forms.TextInput(
            {
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "placeholder": "example.ch",
            }
        ),
    )
