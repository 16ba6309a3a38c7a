"""What the API says about domains, zones and records. The order of keys counts: shell clients read the text."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from kanton.core.api import Body, Id, Query, Timestamp, WishOut
from kanton.products.domains.records import MAX_TTL, MIN_TTL
from kanton.products.domains.zonefile import MAX_BYTES

Writable = Literal[
    "A", "AAAA", "CAA", "CNAME", "DNAME", "DS", "MX", "NS", "SMIMEA", "SRV", "SSHFP", "TLSA", "TXT"
]
Answered = Literal[
    "A", "AAAA", "CAA", "CNAME", "DNAME", "DNSKEY", "DS", "MX", "NS", "PTR", "SMIMEA", "SOA", "SRV", "SSHFP",
    "TLSA", "TXT",
]  # fmt: skip
Ttl = Annotated[int, Field(ge=MIN_TTL, le=MAX_TTL)]
Target = Annotated[str, Field(max_length=40_000)]
Source = Annotated[str, Field(max_length=1000)]
Skel = Annotated[str, Field(max_length=MAX_BYTES)]


class NumberPart(TypedDict):
    """A number of a record's target and its meaning."""

    value: int
    label: str


class TextPart(TypedDict):
    """A text of a record's target and its meaning."""

    value: str
    label: str


class DescriptionOut(TypedDict):
    """A record's target taken apart."""

    priority: NotRequired[NumberPart]
    port: NotRequired[NumberPart]
    weight: NotRequired[NumberPart]
    flags: NotRequired[NumberPart]
    tag: NotRequired[TextPart]
    usage: NotRequired[NumberPart]
    selector: NotRequired[NumberPart]
    matching_type: NotRequired[NumberPart]
    algorithm: NotRequired[NumberPart]
    key_tag: NotRequired[NumberPart]
    digest_type: NotRequired[NumberPart]
    digest: NotRequired[TextPart]


class DelegatedOut(TypedDict):
    """A zone of its own at a record's name."""

    id: int
    uri: str


class RecordOut(TypedDict):
    """One DNS record; `source` is relative to the zone, "." the zone itself."""

    id: int
    source: str
    source_idn: str
    type: Answered
    ttl: int
    target: str
    updated_at: Timestamp
    dyndns_id: NotRequired[int | None]
    delegated_zone: NotRequired[DelegatedOut | None]
    description: NotRequired[DescriptionOut]


class DnssecOut(TypedDict):
    """Whether the zone is signed."""

    is_enabled: bool


class ZoneOut(TypedDict):
    """A zone; `skel` is its text as a zone file."""

    id: int
    fqdn: str
    dnssec: DnssecOut
    nameservers: list[str]
    version: int
    skel: NotRequired[str]
    records: NotRequired[list[RecordOut]]
    idn: NotRequired[str]
    label: NotRequired[str]
    serial: NotRequired[int]
    wish: NotRequired[WishOut]


class ShortZoneOut(TypedDict):
    """A zone in a list: its name first."""

    fqdn: str
    id: int
    dnssec: DnssecOut


class RecordIn(Body):
    """A new record. An empty or missing `source` is the zone itself."""

    source: Source | None = None
    type: Annotated[str, Field(max_length=20)]
    target: Target
    ttl: Ttl


class RecordChange(Body):
    """What changes of a record."""

    target: Target | None = None
    ttl: Ttl | None = None


class RecordsGone(Body):
    """Which records to remove together."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=1000)]


class ZoneIn(Body):
    """A new zone below a domain."""

    skel: Skel | None = None


class ZoneText(Body):
    """The whole zone as a zone file, and the version of the zone that it was made from."""

    skel: Skel
    version: Annotated[int, Field(ge=0)] | None = None


class RecordFilter(Query):
    """Which records."""

    source: str | None = None
    types: list[Answered] = []


class RecordsQuery(Query):
    """Which records to list."""

    filter: RecordFilter = RecordFilter()


class VersionOut(TypedDict):
    """One saved change of a zone."""

    number: int
    serial: int
    made_at: Timestamp
    by: str
    kind: str
    removed: list[str]
    added: list[str]


class DifferenceOut(TypedDict):
    """What going back to a version would change now."""

    number: int
    removed: list[str]
    added: list[str]
    retimed: list[str]


class HintOut(TypedDict):
    """Something that is allowed, but probably not meant."""

    code: str
    name: str
    text: str


class ContactOut(TypedDict):
    """Whom the registry knows in one role."""

    id: int
    address_type: str
    type: str
    first_name: str
    last_name: str
    company: str
    street1: str
    street2: str
    street3: str
    postal_code: str
    city: str
    state: str
    country_code: str
    phone: str
    fax: str
    email: str
    is_validated: bool
    validated_at: Timestamp | None
    created_at: Timestamp


class ContactIn(Body):
    """Contact details; what is left out stays."""

    type: Literal["Person", "Organization", "Association", "Other"] | None = None
    first_name: Annotated[str, Field(max_length=80)] | None = None
    last_name: Annotated[str, Field(max_length=80)] | None = None
    company: Annotated[str, Field(max_length=120)] | None = None
    street1: Annotated[str, Field(max_length=120)] | None = None
    postal_code: Annotated[str, Field(max_length=16)] | None = None
    city: Annotated[str, Field(max_length=80)] | None = None
    country_code: Annotated[str, Field(max_length=2)] | None = None
    phone: Annotated[str, Field(max_length=20)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None


class ContactsOut(TypedDict):
    """The four roles."""

    owner: ContactOut | None
    admin: ContactOut | None
    tech: ContactOut | None
    billing: ContactOut | None


class OptionsOut(TypedDict):
    """What is switched on for a domain."""

    dns_anycast: bool
    renewal_warranty: bool
    domain_privacy: bool
    dnssec: bool


class DomainOut(TypedDict):
    """A domain. `status` are the registry's words; `state` and `wish` are ours, the same as in the console."""

    name: str
    tld: str
    is_premium: bool
    created_at: Timestamp
    expires_at: Timestamp | None
    options: OptionsOut
    contacts: ContactsOut
    status: list[str]
    id: int
    account_id: int
    name_idn: str
    state: str
    nameservers: list[str]
    is_locked: bool
    wish: WishOut


class DomainsQuery(Query):
    """Which domains to list. Instants are seconds since 1970."""

    account_id: Id | None = None
    expires_after: int | None = None
    expires_before: int | None = None
    tld: str | None = None


class OldDomainOut(TypedDict):
    """A domain in the older family."""

    id: int
    customer_name: str
    has_dnssec: bool
    is_dns_managed_by_infomaniak: bool


class OldRecordOut(TypedDict):
    """A record in the older family: names in full, texts without quotation marks."""

    id: int
    source: str
    source_idn: str
    type: Answered
    ttl: int
    target: str
    target_idn: str


class OldRecordIn(Body):
    """A new record in the older family."""

    source: Source | None = None
    type: Annotated[str, Field(max_length=20)]
    target: Target
    ttl: Ttl | None = None


class OldRecordChange(Body):
    """What changes of a record in the older family."""

    source: Source | None = None
    target: Target | None = None
    ttl: Ttl | None = None


class NameserversIn(Body):
    """Other name servers, or ours."""

    nameservers: Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=50)] = []
    use_infomaniak_ns: bool = False
    verify_ns_availability: bool = False


class LockIn(Body):
    """Whether the domain is locked against transfers."""

    is_locked: bool


class DnssecRecordOut(TypedDict):
    """What the registry knows of the domain's signatures."""

    has_dnssec: bool
    dnssec_type: Literal["dsdata", "keydata"]
    dnssec_data: list[dict[str, Any]]


class TldOut(TypedDict):
    """An extension and its registry's rules."""

    id: int
    tld: str
    groups: list[str]
    periods: list[int]
    support: TldSupport
    fields: list[str]


class TldSupport(TypedDict):
    """What the registry permits."""

    idn: bool
    transfer_lock: bool
    restore_days: int
    shortest: int
    longest: int


class CheckedName(TypedDict):
    """Whether a name can be had."""

    name: str
    name_idn: str
    availability: Literal["free", "taken", "reserved", "unknown"]
