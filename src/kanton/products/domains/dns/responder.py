"""Answers: from the bytes of a question to the bytes of its answer, out of the store. No sockets here.

What it does: RFC 1034/1035, wildcards (4592), negative answers (2308), CNAME chains (6604), DNAME (6672),
EDNS (6891), minimal ANY (8482), glue or truncation (9471). It serves what is in the store and nothing else:
no recursion, no transfers, no updates.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from weakref import WeakValueDictionary

from kanton.products.domains.dns.store import Store, key_of, parent_of, unpack_relative

A, NS, CNAME, SOA, HINFO, AAAA, DNAME, OPT, DS = 1, 2, 5, 6, 13, 28, 39, 41, 43
IXFR, AXFR, MAILB, MAILA, ANY = 251, 252, 253, 254, 255
IN = 1
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, YXDOMAIN, BADVERS = 0, 1, 2, 3, 4, 5, 6, 16
QUERY, NOTIFY = 0, 4

SMALLEST_UDP = 512
LARGEST_UDP = 1232  # fits every path without fragments
LARGEST_TCP = 65_535
_MAX_CHAIN = 10
_MAX_NAME = 255

_HEADER = struct.Struct(">HHHH")
_PAIR = struct.Struct(">HH")
_RR = struct.Struct(">HHI")
_U16 = struct.Struct(">H")
_OPT = struct.Struct(">BHHBBHH")
_CACHE_KEY = struct.Struct(">HBH")
_HEAD = struct.Struct(">HHHHH")
_ANY_ANSWER = b"\x07RFC8482\x00"

Node = dict[int, tuple[int, tuple[bytes, ...]]]
_NOTHING: Node = {}


class Token:
    """Says whether cached answers are still true."""

    __slots__ = ("__weakref__", "live")

    def __init__(self) -> None:
        self.live = True


class Zone:
    """A zone as it is held in memory: its nodes by relative name, and what makes some look-ups longer.

    `below` are the keys of zones published below it: None as long as nobody needed them, and when they are
    many.
    """

    __slots__ = (
        "below",
        "has_cuts",
        "has_dnames",
        "is_below_known",
        "key",
        "name",
        "nodes",
        "token",
        "weight",
    )

    def __init__(self, key: bytes, content: bytes, token: Token | None = None) -> None:
        self.key = key
        self.token = token or Token()
        self.name = name_of(key)
        self.below: frozenset[bytes] | None = None
        self.is_below_known = False
        nodes: dict[bytes, Node] = {b"": {}}
        self.nodes = nodes
        self.has_cuts = self.has_dnames = False
        for relative, kind, ttl, rdatas in unpack_relative(content):
            node = nodes.get(relative)
            if not node:
                node = nodes[relative] = {}
                # Names between the zone and its records exist too, although they are empty.
                above = relative
                while above:
                    above = above[1 + above[0] :]
                    if above in nodes:
                        break
                    nodes[above] = _NOTHING
            node[kind] = (ttl, rdatas)
            if kind == NS and relative:
                self.has_cuts = True
            elif kind == DNAME:
                self.has_dnames = True
        self.weight = 4 + len(nodes) + len(content) // 64


def name_of(key: bytes) -> bytes:
    """The wire name of a sorting key."""
    name = b"\0"
    at = 0
    while at < len(key):
        end = at + 1 + key[at]
        name = key[at:end] + name
        at = end
    return name


class _Malformed(Exception):
    pass


class _Edns:
    __slots__ = ("dnssec", "size", "version")

    def __init__(self, size: int, version: int, dnssec: bool) -> None:
        self.size, self.version, self.dnssec = size, version, dnssec


class _Message:
    """An answer being put together. Names end in a pointer to the zone's name inside the question whenever
    they can.
    """

    __slots__ = ("body", "counts", "flags", "needed", "rcode", "zone_at", "zone_name")

    def __init__(self, zone_name: bytes, zone_at: int) -> None:
        self.body = bytearray()
        self.counts = [0, 0, 0]
        self.needed = 0  # where the part begins that may be left out; 0 when there is none
        self.rcode = NOERROR
        self.flags = 0x0400  # authoritative
        self.zone_name = zone_name
        self.zone_at = _U16.pack(0xC000 | zone_at)

    def add(self, section: int, owner: bytes, kind: int, ttl: int, rdatas: tuple[bytes, ...]) -> None:
        """Add a record set; `owner` is ready for the wire."""
        body = self.body
        fixed = owner + _RR.pack(kind, IN, ttl)
        for rdata in rdatas:
            if kind in _NAMES_AT:
                rdata = self._shorter(kind, rdata)
            body += fixed
            body += _U16.pack(len(rdata))
            body += rdata
        self.counts[section] += len(rdatas)

    def owner(self, relative: bytes) -> bytes:
        """A name of the zone, for the wire."""
        return relative + self.zone_at

    def _shorter(self, kind: int, rdata: bytes) -> bytes:
        if kind == SOA:
            end = 0
            while rdata[end]:
                end += 1 + rdata[end]
            second = end + 1
            end = second
            while rdata[end]:
                end += 1 + rdata[end]
            return (
                self._short_name(rdata[:second])
                + self._short_name(rdata[second : end + 1])
                + rdata[end + 1 :]
            )
        at = _NAMES_AT[kind]
        return rdata[:at] + self._short_name(rdata[at:])

    def _short_name(self, name: bytes) -> bytes:
        if name.endswith(self.zone_name) and len(self.zone_name) > 2:
            return name[: -len(self.zone_name)] + self.zone_at
        return name


# The types whose names may be compressed, and where their name begins.
_NAMES_AT = {NS: 0, CNAME: 0, SOA: 0, 15: 2}


class Responder:
    """Answers questions from the store. One instance belongs to one thread."""

    def __init__(self, store: Store, *, zone_weight: int = 24_000, answers: int = 60_000) -> None:
        self._store = store
        self._zones: dict[bytes, Zone] = {}
        self._old_zones: dict[bytes, Zone] = {}
        # The tokens outlive their zones in memory, as long as an answer is kept that depends on them.
        self._tokens: WeakValueDictionary[bytes, Token] = WeakValueDictionary()
        self._weight = 0
        self._zone_weight = zone_weight // 2
        # Answers without their id and question, by name, type, flags and limit.
        self._answers: dict[bytes, tuple[bytes, Token]] = {}
        self._old_answers: dict[bytes, tuple[bytes, Token]] = {}
        self._answers_max = answers // 2
        self._nowhere = Token()
        self._bell = store.bell_state()
        self._change = store.last_change()
        self.token: Token = self._nowhere

    # -- staying up to date -------------------------------------------------------------------------

    def refresh(self) -> None:
        """Forget what changed since the last look, if anything did. Costs nothing when the doorbell was not
        rung.
        """
        bell = self._store.bell_state()
        if bell != self._bell:
            self.reread()
            self._bell = bell

    def reread(self) -> None:
        """Forget what changed since the last look at the store, doorbell or not."""
        change = self._store.last_change()
        if change == self._change:
            return
        changed = self._store.changed_since(self._change, limit=1000)
        if changed is None:
            self._forget_all()
        else:
            for key in changed:
                self._forget(key)
        self._nowhere.live = False
        self._nowhere = Token()
        self._change = change

    def _forget(self, key: bytes) -> None:
        # The zones above may have answered for names that are this zone's from now on, or again theirs.
        at = 0
        while at < len(key):
            at += 1 + key[at]
            above = key[:at]
            self._zones.pop(above, None)
            self._old_zones.pop(above, None)
            token = self._tokens.pop(above, None)
            if token is not None:
                token.live = False

    def _forget_all(self) -> None:
        for token in self._tokens.values():
            token.live = False
        self._tokens.clear()
        self._zones.clear()
        self._old_zones.clear()
        self._weight = 0

    # -- finding the zone ---------------------------------------------------------------------------

    def _zone_for(self, name: bytes, kind: int) -> Zone | None:
        """The zone that answers a name: the closest one, or for DS the one above the cut when it is here too."""
        key = key_of(name)
        if kind == DS and (above := parent_of(key)):
            zone = self._closest(above)
            if zone is not None:
                return zone
        return self._closest(key) if key else None

    def _closest(self, key: bytes) -> Zone | None:
        here = key
        while here:
            zone = self._zones.get(here)
            if zone is None and (zone := self._old_zones.pop(here, None)) is not None:
                self._keep(zone)
            if zone is not None:
                if here == key or not self._may_be_below(zone, key):
                    return zone
                break
            here = parent_of(here)
        found = self._store.closest(key)
        if found is None:
            return None
        known = self._zones.get(found[0])
        if known is not None:
            return known
        zone = Zone(*found, self._tokens.get(found[0]))
        self._tokens[zone.key] = zone.token
        self._keep(zone)
        return zone

    def _may_be_below(self, zone: Zone, key: bytes) -> bool:
        """Whether another zone, below this one, may hold the name of a key."""
        if not zone.is_below_known:
            zone.below = self._store.below(zone.key, limit=1000)
            zone.is_below_known = True
        if zone.below is None:
            return True
        return any(key.startswith(below) for below in zone.below)

    def _keep(self, zone: Zone) -> None:
        if self._weight > self._zone_weight:
            self._old_zones = self._zones
            self._zones = {}
            self._weight = 0
        self._zones[zone.key] = zone
        self._weight += zone.weight

    # -- questions ----------------------------------------------------------------------------------

    def answer(self, query: bytes, *, udp: bool, local: bool = False) -> bytes | None:
        """The answer to a question, or None when it deserves none. Afterwards `token` says how long it may be
        kept.

        `local` tells that the question comes from this machine, which alone may send NOTIFY.
        """
        self.token = self._nowhere
        if len(query) < 12 or query[2] & 0x80:
            return None
        opcode = query[2] >> 3 & 15
        if opcode not in (QUERY, NOTIFY):
            return _refusal(query, NOTIMP)
        questions, answers, authorities, additionals = _HEADER.unpack_from(query, 4)
        if questions != 1:
            return _refusal(query, FORMERR)
        try:
            end = _name_end(query)
            kind, qclass = _PAIR.unpack_from(query, end)
            edns = None
            if answers or authorities or additionals or len(query) != end + 4:
                edns = _read_rest(query, end + 4, answers + authorities, additionals)
        except (_Malformed, struct.error, IndexError):
            return _refusal(query, FORMERR)
        question = query[12 : end + 4]
        if opcode == NOTIFY:
            if local:
                self.reread()
            return _reply(query, question, edns, NOERROR if local else REFUSED, flags=0x0400 if local else 0)
        if edns is not None and edns.version != 0:
            return _reply(query, question, edns, BADVERS)
        if 128 <= kind <= 255 or kind == OPT:
            if kind in (AXFR, IXFR):
                return _reply(query, question, edns, REFUSED)
            if kind != ANY:
                return _reply(query, question, edns, NOTIMP if kind in (MAILA, MAILB) else FORMERR)
        if answers or authorities:
            return _refusal(query, FORMERR)
        if qclass != IN:
            return _reply(query, question, edns, REFUSED)
        if not udp:
            limit = LARGEST_TCP
        elif edns is None:
            limit = SMALLEST_UDP
        else:
            limit = min(max(edns.size, SMALLEST_UDP), LARGEST_UDP)
        name = query[12:end].lower()
        bits = (query[2] & 1) | (query[3] & 0x10) | (0 if edns is None else 2 | edns.dnssec << 2)
        cache_key = name + _CACHE_KEY.pack(kind, bits, limit)
        cached = self._answers.get(cache_key)
        if cached is None and (cached := self._old_answers.get(cache_key)) is not None:
            self._remember(cache_key, cached)
        if cached is not None and cached[1].live:
            kept, self.token = cached
            return query[:2] + kept[:10] + question + kept[10:]
        zone = self._zone_for(name, kind)
        if zone is None:
            reply = _reply(query, question, edns, REFUSED)
        else:
            self.token = zone.token
            simple = self._look_up_simply(zone, query, question, edns, name, kind, limit)
            if simple is not None:
                reply = simple
            else:
                message = _Message(zone.name, 12 + len(name) - len(zone.name))
                self._look_up(zone, message, name[: -len(zone.name)], kind)
                reply = self._finish(query, question, edns, message, limit)
        self._remember(cache_key, (reply[2:12] + reply[12 + len(question) :], self.token))
        return reply

    def _remember(self, key: bytes, answer: tuple[bytes, Token]) -> None:
        if len(self._answers) >= self._answers_max:
            self._old_answers, self._answers = self._answers, {}
        self._answers[key] = answer

    def _look_up_simply(
        self,
        zone: Zone,
        query: bytes,
        question: bytes,
        edns: _Edns | None,
        name: bytes,
        kind: int,
        limit: int,
    ) -> bytes | None:
        """The most frequent answer by a shorter way: records of the name itself, without names in them."""
        if kind in _NAMES_AT or zone.has_cuts or zone.has_dnames:
            return None
        found = zone.nodes.get(name[: -len(zone.name)], _NOTHING).get(kind)
        if found is None:
            return None
        ttl, rdatas = found
        fixed = b"\xc0\x0c" + _RR.pack(kind, IN, ttl)
        body = b"".join([fixed + _U16.pack(len(rdata)) + rdata for rdata in rdatas])
        if 12 + len(question) + len(body) + 11 > limit:
            return None
        return _reply(query, question, edns, NOERROR, 0x0400, (len(rdatas), 0, 0), body)

    def _look_up(self, zone: Zone, message: _Message, relative: bytes, kind: int) -> None:
        """RFC 1034, section 4.3.2, inside one zone."""
        nodes = zone.nodes
        owner = b"\xc0\x0c"
        seen: set[bytes] = set()
        while True:
            if (zone.has_cuts or zone.has_dnames) and relative:
                above = _highest_cut(zone, relative, kind)
                if above is not None:
                    if above and NS in nodes[above]:
                        self._refer(zone, message, above)
                        return
                    target = _through_dname(zone, message, relative, above, owner)
                    if target is None or not target.endswith(zone.name) or target in seen:
                        return
                    seen.add(target)
                    if len(seen) > _MAX_CHAIN:
                        return
                    relative = target[: -len(zone.name)]
                    owner = message.owner(relative)
                    continue
            node = nodes.get(relative)
            if node is None:
                node = _wildcard(nodes, relative)
                if node is None:
                    message.rcode = NXDOMAIN
                    _add_soa(zone, message)
                    return
            found = node.get(kind)
            if found is not None:
                message.add(0, owner, kind, *found)
                if kind == NS:
                    message.needed = len(message.body)
                    _add_addresses(zone, message, found[1])
                return
            alias = node.get(CNAME)
            if kind == ANY and node:
                if alias is not None:
                    message.add(0, owner, CNAME, *alias)
                else:
                    message.add(0, owner, HINFO, 3600, (_ANY_ANSWER,))
                return
            if alias is None:
                _add_soa(zone, message)
                return
            message.add(0, owner, CNAME, *alias)
            target = alias[1][0].lower()
            if not _is_below(target, zone.name) or target in seen or len(seen) > _MAX_CHAIN:
                return
            seen.add(target)
            relative = target[: -len(zone.name)]
            if self._may_be_below(zone, key_of(target)):
                # Another zone of ours answers the target; the asker will ask for it.
                return
            owner = message.owner(relative)

    def _refer(self, zone: Zone, message: _Message, cut: bytes) -> None:
        ttl, servers = zone.nodes[cut][NS]
        if not message.counts[0]:
            message.flags = 0
        message.add(1, message.owner(cut), NS, ttl, servers)
        _add_addresses(zone, message, servers)

    def _finish(
        self, query: bytes, question: bytes, edns: _Edns | None, message: _Message, limit: int
    ) -> bytes:
        body = bytes(message.body)
        size = 12 + len(question) + len(body) + (11 if edns is not None else 0)
        if size > limit and message.needed:
            # Addresses beside an answer are a courtesy; those beside a delegation are not (RFC 9471).
            size -= len(body) - message.needed
            body = body[: message.needed]
            message.counts[2] = 0
        if size <= limit:
            return _reply(query, question, edns, message.rcode, message.flags, message.counts, body)
        return _reply(query, question, edns, message.rcode, message.flags | 0x0200)


def _name_end(query: bytes) -> int:
    """Where the question's name ends. Pointers and long names are malformed there."""
    at = 12
    while length := query[at]:
        if length > 63:
            raise _Malformed
        at += 1 + length
    if at + 1 - 12 > _MAX_NAME:
        raise _Malformed
    return at + 1


def _read_rest(query: bytes, at: int, others: int, additionals: int) -> _Edns | None:
    """What follows the question: only an OPT record matters, but everything must be well-formed."""
    edns = None
    size = len(query)
    for place in range(others + additionals):
        root = query[at] == 0
        while length := query[at]:
            if length >= 0xC0:
                at += 1
                break
            if length > 63:
                raise _Malformed
            at += 1 + length
        at += 1
        kind, qclass, ttl = _RR.unpack_from(query, at)
        (length,) = _U16.unpack_from(query, at + 8)
        at += 10
        if at + length > size:
            raise _Malformed
        if kind == OPT:
            if place < others or edns is not None or not root:
                raise _Malformed
            _check_options(query, at, at + length)
            edns = _Edns(qclass, ttl >> 16 & 255, bool(ttl & 0x8000))
        at += length
    if at != size:
        raise _Malformed
    return edns


def _check_options(query: bytes, at: int, end: int) -> None:
    while at < end:
        (length,) = _U16.unpack_from(query, at + 2)
        at += 4 + length
    if at != end:
        raise _Malformed


def _is_below(name: bytes, zone: bytes) -> bool:
    return name.endswith(zone)


def _highest_cut(zone: Zone, relative: bytes, kind: int) -> bytes | None:
    """The highest delegation or DNAME on the way down to a name; a DS of the cut itself is this zone's own
    business.
    """
    nodes = zone.nodes
    ways = []
    at = 0
    while at < len(relative):
        ways.append(relative[at:])
        at += 1 + relative[at]
    for name in reversed(ways):
        node = nodes.get(name)
        if node is None:
            # A wildcard is no cut, and nothing exists below a missing name.
            break
        if NS in node and not (kind == DS and name == relative):
            return name
        if DNAME in node and name != relative:
            return name
    if zone.has_dnames and DNAME in nodes[b""]:
        return b""
    return None


def _through_dname(
    zone: Zone, message: _Message, relative: bytes, above: bytes, owner: bytes
) -> bytes | None:
    """Adds the DNAME and the CNAME it makes; gives the name to go on with, or None when that would be too
    long.
    """
    ttl, (target,) = zone.nodes[above][DNAME]
    message.add(0, message.owner(above), DNAME, ttl, (target,))
    prefix = relative[: len(relative) - len(above)]
    made = prefix + target
    if len(made) > _MAX_NAME:
        message.rcode = YXDOMAIN
        return None
    message.add(0, owner, CNAME, ttl, (made,))
    return made.lower()


def _wildcard(nodes: Mapping[bytes, Node], relative: bytes) -> Node | None:
    """The wildcard below the closest name that exists (RFC 4592), if there is one."""
    at = 0
    while at < len(relative):
        at += 1 + relative[at]
        if relative[at:] in nodes:
            return nodes.get(b"\x01*" + relative[at:])
    return None


def _add_soa(zone: Zone, message: _Message) -> None:
    soa = zone.nodes[b""].get(SOA)
    if soa is not None:
        ttl, rdatas = soa
        negative = int.from_bytes(rdatas[0][-4:], "big")
        message.add(1, message.owner(b""), SOA, min(ttl, negative), rdatas)


def _add_addresses(zone: Zone, message: _Message, servers: tuple[bytes, ...]) -> None:
    """The addresses of name servers that are in the zone; without them a delegation inside itself leads
    nowhere.
    """
    for server in servers:
        server = server.lower()
        if not _is_below(server, zone.name):
            continue
        relative = server[: -len(zone.name)]
        node = zone.nodes.get(relative, _NOTHING)
        for kind in (A, AAAA):
            if kind in node:
                message.add(2, message.owner(relative), kind, *node[kind])


def _reply(
    query: bytes,
    question: bytes,
    edns: _Edns | None,
    rcode: int,
    flags: int = 0,
    counts: list[int] | tuple[int, int, int] = (0, 0, 0),
    body: bytes = b"",
) -> bytes:
    first = 0x8000 | (query[2] & 0x79) << 8 | flags | query[3] & 0x10 | rcode & 15
    answers, authorities, additionals = counts
    if edns is None:
        head = _HEAD.pack(first, 1, answers, authorities, additionals)
        return query[:2] + head + question + body
    head = _HEAD.pack(first, 1, answers, authorities, additionals + 1)
    option = _OPT.pack(0, OPT, LARGEST_UDP, rcode >> 4, 0, 0x8000 if edns.dnssec else 0, 0)
    return query[:2] + head + question + body + option


def _refusal(query: bytes, rcode: int) -> bytes:
    """An answer that is only a header, for questions that cannot be read."""
    return query[:2] + _HEAD.pack(0x8000 | (query[2] & 0x79) << 8 | rcode, 0, 0, 0, 0)


def servfail(query: bytes) -> bytes | None:
    """The answer when something of ours is broken."""
    if len(query) < 12 or query[2] & 0x80:
        return None
    return _refusal(query, SERVFAIL)
