"""What is allowed in a zone but probably not meant. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kanton.products.domains import names, records
from kanton.products.domains.records import Record


@dataclass(frozen=True, slots=True)
class Hint:
    """One hint: a code, the name it is about, and what to do, in the language active now."""

    code: str
    name: str
    text: str


def look_over(zone: str, zone_records: Iterable[Record]) -> list[Hint]:
    """The hints for a zone."""
    nodes: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in zone_records:
        nodes[record.name][record.type].append(record)
    found: list[Hint] = []
    for name, types in nodes.items():
        found += _ttls(name, types)
        found += _texts(name, types)
        found += _targets(zone, types, nodes)
        if name != zone and "DS" in types and "NS" not in types:
            found.append(
                Hint(
                    "ds_without_ns", name, _("A DS record works only beside the NS records of the same name.")
                )
            )
        hidden = _delegation_above(zone, name, nodes)
        if hidden and any(kind not in ("A", "AAAA") for kind in types):
            text = _("%(name)s is handed to other name servers; records below it are not answered here.")
            found.append(Hint("below_delegation", name, text % {"name": hidden}))
    if "MX" not in nodes[zone] and any("MX" in types for types in nodes.values()) is False:
        found.append(Hint("no_mx", zone, _("Without an MX record this domain receives no mail.")))
    return found


def _ttls(name: str, types: dict[str, list[Record]]) -> list[Hint]:
    text = _("The %(type)s records have different TTLs; the lowest, %(ttl)s seconds, is answered for all.")
    return [
        Hint("ttl_differs", name, text % {"type": kind, "ttl": min(record.ttl for record in group)})
        for kind, group in types.items()
        if len({record.ttl for record in group}) > 1
    ]


def _texts(name: str, types: dict[str, list[Record]]) -> list[Hint]:
    values = [records.text_value(record.target).lower() for record in types.get("TXT", ())]
    found = []
    if sum(value.startswith("v=spf1") for value in values) > 1:
        text = _("There are several SPF records. Receivers then ignore all of them: join them into one.")
        found.append(Hint("several_spf", name, text))
    if any(value.startswith("v=spf1") and value.endswith("+all") for value in values):
        text = _("“+all” lets anybody send mail in this name. Use “-all” or “~all”.")
        found.append(Hint("open_spf", name, text))
    if name.startswith("_dmarc.") and sum(value.startswith("v=dmarc1") for value in values) > 1:
        found.append(
            Hint("several_dmarc", name, _("There are several DMARC records; only one may be there."))
        )
    return found


def _targets(
    zone: str, types: dict[str, list[Record]], nodes: dict[str, dict[str, list[Record]]]
) -> list[Hint]:
    found = []
    for kind in ("CNAME", "MX", "NS", "SRV"):
        for record in types.get(kind, ()):
            host = record.host or ""
            if f".{host}".endswith(f".{zone}.{zone}"):
                text = _(
                    "%(host)s has the name of the zone twice. A dot at its end may be missing in the zone file."
                )
                found.append(Hint("zone_twice", record.name, text % {"host": host}))
            elif (
                names.is_in_zone(host, zone)
                and host not in nodes
                and not any(f"*.{above}" in nodes for above in names.ancestors(host))
                and not _delegation_above(zone, host, nodes)
                and not any(name.endswith("." + host) for name in nodes)
            ):
                text = _("%(host)s does not exist in this zone.")
                found.append(Hint("target_missing", record.name, text % {"host": host}))
    return found


def _delegation_above(zone: str, name: str, nodes: dict[str, dict[str, list[Record]]]) -> str | None:
    for above in list(names.ancestors(name))[1:]:
        if above == zone:
            return None
        if above in nodes and "NS" in nodes[above]:
            return above
    return None
