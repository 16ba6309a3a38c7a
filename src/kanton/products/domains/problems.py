"""What can be wrong with a name or a record: one typed reason each, with the field it belongs to. Pure: no
Django.
"""

from __future__ import annotations

from enum import StrEnum


def _(text: str) -> str:
    """Mark a sentence for translation; it is translated where it is shown."""
    return text


class Reason(StrEnum):
    """Why a name, a record, a zone or a line of zone text is refused."""

    EMPTY = "empty"
    NAME_TOO_LONG = "name_too_long"
    LABEL_TOO_LONG = "label_too_long"
    LABEL_EMPTY = "label_empty"
    LABEL_CHARACTER = "label_character"
    LABEL_HYPHEN = "label_hyphen"
    NOT_IDN = "not_idn"
    UNDERSCORE = "underscore"
    WILDCARD_PLACE = "wildcard_place"
    ESCAPE = "escape"
    OUTSIDE_ZONE = "outside_zone"
    NOT_A_DOMAIN = "not_a_domain"
    ADDRESS_AS_NAME = "address_as_name"
    UNSUPPORTED_TYPE = "unsupported_type"
    NOT_IPV4 = "not_ipv4"
    NOT_IPV6 = "not_ipv6"
    IPV6_AS_A = "ipv6_as_a"
    IPV4_AS_AAAA = "ipv4_as_aaaa"
    MISSING_PART = "missing_part"
    EXTRA_PART = "extra_part"
    NOT_A_NUMBER = "not_a_number"
    NUMBER_RANGE = "number_range"
    NOT_HEX = "not_hex"
    DIGEST_LENGTH = "digest_length"
    CAA_TAG = "caa_tag"
    QUOTES = "quotes"
    LINE_BREAK = "line_break"
    TEXT_TOO_LONG = "text_too_long"
    STRING_TOO_LONG = "string_too_long"
    TTL_RANGE = "ttl_range"
    DUPLICATE = "duplicate"
    CNAME_AT_APEX = "cname_at_apex"
    CNAME_BESIDE_OTHERS = "cname_beside_others"
    DNAME_CONFLICT = "dname_conflict"
    BELOW_DNAME = "below_dname"
    TARGET_IS_CNAME = "target_is_cname"
    NULL_MX_BESIDE_MX = "null_mx_beside_mx"
    DS_AT_APEX = "ds_at_apex"
    APEX_NS_NEEDED = "apex_ns_needed"
    RRSET_TOO_BIG = "rrset_too_big"
    ZONE_TOO_BIG = "zone_too_big"
    PARENTHESES = "parentheses"
    DIRECTIVE = "directive"
    NO_OWNER = "no_owner"
    NO_TYPE = "no_type"
    CLASS = "class"


SENTENCES: dict[Reason, str] = {
    Reason.EMPTY: _("Please fill this in."),
    Reason.NAME_TOO_LONG: _("A name has at most 253 characters; this one has %(length)s."),
    Reason.LABEL_TOO_LONG: _("“%(label)s” is too long: a part between two dots has at most 63 characters."),
    Reason.LABEL_EMPTY: _("There are two dots in a row, or a dot at the start. Remove the extra dot."),
    Reason.LABEL_CHARACTER: _(
        "“%(label)s” contains a character that names cannot have. Use letters, digits and hyphens."
    ),
    Reason.LABEL_HYPHEN: _("“%(label)s” starts or ends with a hyphen. Names cannot."),
    Reason.NOT_IDN: _("“%(label)s” cannot be written as an internationalised name. Check its letters."),
    Reason.UNDERSCORE: _("“%(label)s” contains an underscore. The name of a computer cannot; use a hyphen."),
    Reason.WILDCARD_PLACE: _("The asterisk stands alone as the first part of a name, as in *.example.ch."),
    Reason.ESCAPE: _(
        "The backslash in “%(text)s” is not followed by a character or by three digits up to 255."
    ),
    Reason.OUTSIDE_ZONE: _("%(name)s is not in the zone %(zone)s. Enter a name below %(zone)s."),
    Reason.NOT_A_DOMAIN: _("%(name)s is not a domain name. Enter one with an extension, as in example.ch."),
    Reason.ADDRESS_AS_NAME: _(
        "%(text)s is an IP address, and this needs a host name. Make an A or AAAA record for it and name "
        "that."
    ),
    Reason.UNSUPPORTED_TYPE: _("Records of type %(type)s cannot be edited here. Possible: %(allowed)s."),
    Reason.NOT_IPV4: _("“%(text)s” is not an IPv4 address. It has four numbers up to 255, as in 192.0.2.10."),
    Reason.NOT_IPV6: _("“%(text)s” is not an IPv6 address, as in 2001:db8::10."),
    Reason.IPV6_AS_A: _("%(text)s is an IPv6 address. Choose the type AAAA for it."),
    Reason.IPV4_AS_AAAA: _("%(text)s is an IPv4 address. Choose the type A for it."),
    Reason.MISSING_PART: _("The part “%(part)s” is missing. This type is written: %(shape)s."),
    Reason.EXTRA_PART: _("“%(text)s” is too much. This type is written: %(shape)s."),
    Reason.NOT_A_NUMBER: _("“%(text)s” is not a number (%(part)s)."),
    Reason.NUMBER_RANGE: _("%(text)s is out of range: %(part)s goes from 0 to %(maximum)s."),
    Reason.NOT_HEX: _("The fingerprint has pairs of the digits 0–9 and letters a–f only."),
    Reason.DIGEST_LENGTH: _(
        "This kind of fingerprint has %(expected)s characters; yours has %(length)s. Was it copied whole?"
    ),
    Reason.CAA_TAG: _("“%(text)s” is not a CAA property. Usual are issue, issuewild and iodef."),
    Reason.QUOTES: _("A quotation mark is missing or there is text outside of the quotation marks."),
    Reason.LINE_BREAK: _("The text contains a line break. Paste it as one line."),
    Reason.TEXT_TOO_LONG: _("The text has %(length)s bytes; at most %(maximum)s are possible."),
    Reason.STRING_TOO_LONG: _(
        "One part in quotation marks has %(length)s bytes; at most 255 are possible. Leave out the "
        "quotation marks and it is split for you."
    ),
    Reason.TTL_RANGE: _("The TTL goes from %(minimum)s to %(maximum)s seconds."),
    Reason.DUPLICATE: _("This record exists already."),
    Reason.CNAME_AT_APEX: _(
        "The domain itself cannot have a CNAME record. Use A and AAAA records, or put the CNAME on www."
    ),
    Reason.CNAME_BESIDE_OTHERS: _(
        "%(name)s has other records (%(types)s); a CNAME must be alone at its name. Remove one or the other."
    ),
    Reason.DNAME_CONFLICT: _("%(name)s can have one DNAME record only, and no CNAME beside it."),
    Reason.BELOW_DNAME: _("%(name)s is below the DNAME record of %(owner)s and would never be answered."),
    Reason.TARGET_IS_CNAME: _(
        "%(target)s is a CNAME, and %(type)s records must name a host with an address. Enter %(suggestion)s "
        "instead."
    ),
    Reason.NULL_MX_BESIDE_MX: _(
        "“0 .” says that %(name)s accepts no mail; no other MX record can stand beside it."
    ),
    Reason.DS_AT_APEX: _(
        "A DS record belongs into the zone above. Here it is possible for delegated subdomains only."
    ),
    Reason.APEX_NS_NEEDED: _("The zone needs at least one name server record (NS) for itself."),
    Reason.RRSET_TOO_BIG: _("The %(type)s records of %(name)s are too big together to fit in one answer."),
    Reason.ZONE_TOO_BIG: _("A zone has at most %(maximum)s records."),
    Reason.PARENTHESES: _("A parenthesis is not closed or was never opened."),
    Reason.DIRECTIVE: _("%(text)s is not possible here. Write the records out."),
    Reason.NO_OWNER: _("The line starts without a name and there is none before it."),
    Reason.NO_TYPE: _("The line has no record type."),
    Reason.CLASS: _("Only the class IN is possible, not %(text)s."),
}


class Problem(ValueError):
    """One thing that is wrong: the reason, the field it belongs to (source, type, ttl or target) and what to
    fill into the sentence.
    """

    def __init__(self, reason: Reason, field: str = "", **params: str | int) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.field = field
        self.params = params

    def at(self, field: str) -> Problem:
        """The same problem, belonging to a field, for checks that do not know where their text came from."""
        return Problem(self.reason, self.field or field, **self.params)

    @property
    def sentence(self) -> str:
        """The English sentence, filled in."""
        return SENTENCES[self.reason] % self.params

    def __str__(self) -> str:
        return self.sentence

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and (self.reason, self.field, self.params) == (
            other.reason,
            other.field,
            other.params,
        )

    def __hash__(self) -> int:
        return hash((self.reason, self.field))
