"""Public clients, unmodified, against the whole running product: what they write is what the name server answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import dns.rdatatype
import pytest

from tests.journeys.test_running import Installation, installation
from tests.journeys.tls_proxy import TlsProxy

HOST = "api.infomaniak.com"  # built into the clients
ZONE = "acme-clients.ch"  # lexicon knows only endings of the public suffix list
OCTO_ZONE = "acme-octopus.ch"
LOGIN = "ana@acme.example"


# A customer with two domains, as billing starts them when the order is paid; the worker registers the names and makes
# their zones.
CUSTOMER = f"""
from datetime import date
from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.actor import System
from kanton.organizations.models import Membership, Organization
from kanton.products.actions import start_service

ana = Person.objects.create_user("{LOGIN}", first_name="Ana", last_name="Keller", confirmed_at=clock.now())
acme = Organization.objects.create(
    name="Acme", slug="acme", kind="company", street="Marktgasse 1", postal_code="3011", city="Bern"
)
Membership.objects.create(organization=acme, person=ana, role="owner")
for name in ("{ZONE}", "{OCTO_ZONE}"):
    start_service(
        System("test"), acme, order_line=name, product="domains", plan="domain-ch", name=name,
        options={{"name": name}}, starts_on=date.today(), ends_on=None, period_months=12,
    )
"""


class Api:
    """Kanton with a customer, a proxy in front of it, and a token as the clients' manuals ask for."""

    def __init__(self, kanton: Installation, proxy: TlsProxy) -> None:
        self.kanton, self.proxy = kanton, proxy
        self.web = kanton.endpoints["web"]
        done = kanton.run("manage", "shell", "-c", CUSTOMER)
        assert done.returncode == 0, done.stderr
        self.token = self.new_token("domain:read", "dns:read", "dns:write")
        for zone in (ZONE, OCTO_ZONE):
            kanton.wait_for(lambda zone=zone: bool(self.served(zone, "SOA")))  # type: ignore[misc]

    def new_token(self, *scopes: str) -> str:
        """A token of the customer's, as it is typed into a client."""
        options = [part for scope in scopes for part in ("--scope", scope)]
        made = self.kanton.run("token", "create", LOGIN, *options, "--name", "DNS client")
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def get(self, path: str) -> Any:
        """The data of an address, straight from Kanton."""
        request = urllib.request.Request(self.web + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["data"]

    def served(self, name: str, kind: str) -> set[str]:
        """What the name server answers."""
        port = self.kanton.endpoints["dns"]["port"]
        question = dns.message.make_query(f"{name}.", kind)
        answer = dns.query.udp(question, "127.0.0.1", port=port, timeout=60)
        return {
            rdata.to_text()
            for rrset in answer.answer
            if rrset.rdtype == dns.rdatatype.from_text(kind)
            for rdata in rrset
        }

    def will_serve(self, name: str, kind: str, expected: set[str]) -> None:
        """Wait until the name server answers exactly this."""
        until = time.monotonic() + 240
        while (found := self.served(name, kind)) != expected:
            assert time.monotonic() < until, f"{name} {kind}: {found}, expected {expected}"
            time.sleep(0.1)

    def client(
        self, *command: str, cwd: Path | None = None, typed: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a client in a process of its own, behind the proxy."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KANTON_")}
        return subprocess.run(
            [sys.executable, *command],
            env=inherited | self.proxy.environment | environment,
            cwd=cwd,
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("clients")
    # Both ask once for each record, more than sixty times in a minute: the limit has its own tests.
    with installation(folder / "home", KANTON_API_REQUESTS_PER_MINUTE="6000") as kanton:
        endpoints = kanton.start()
        port = int(endpoints["web"].rpartition(":")[2])
        with TlsProxy(folder, to=("127.0.0.1", port), names=[HOST]) as proxy:
            yield Api(kanton, proxy)
    # Nothing went around the proxy. lexicon asks for today's list of public suffixes, is refused, and takes its own.
    hosts = {line.removeprefix("CONNECT ").partition(":")[0] for line in proxy.refused}
    assert hosts <= {"publicsuffix.org", "raw.githubusercontent.com"}


# --- dns-lexicon: the older family ---------------------------------------------------------------------------

LEXICON = """
import json, sys
from lexicon.client import Client
from lexicon.config import ConfigResolver

asked = json.loads(sys.argv[1])
config = {"provider_name": "infomaniak", "domain": asked["domain"], "infomaniak": {"auth_token": asked["token"]}}
with Client(ConfigResolver().with_dict(config | {"ttl": 600})) as operations:
    for name, arguments in asked["operations"]:
        print(json.dumps(getattr(operations, name)(*arguments)), flush=True)
"""

RECORDS = {
    "A": ("lex-a", "192.0.2.10", "192.0.2.11"),
    "AAAA": ("lex-aaaa", "2001:db8::10", "2001:db8::11"),
    "CNAME": ("lex-cname", "www.acme-clients.ch", "mail.acme-clients.ch"),
    "MX": ("lex-mx", "10 mail.acme-clients.ch", "20 mail.acme-clients.ch"),
    "TXT": ("_acme-challenge.lex", "first-token_A", "second-token_B"),
    "NS": ("lex-ns", "ns1.example.net", "ns2.example.net"),
    "SRV": ("_sip._tcp.lex", "10 60 5060 sip.acme-clients.ch", "10 20 5061 sip.acme-clients.ch"),
    "CAA": ("lex-caa", '0 issue "letsencrypt.org"', '0 issue "example.org"'),
    "TLSA": ("_443._tcp.lex", "3 1 1 " + "ab" * 32, "3 1 1 " + "cd" * 32),
    "SSHFP": ("lex-sshfp", "4 2 " + "12" * 32, "4 2 " + "34" * 32),
    "DS": ("lex-ds", "12345 13 2 " + "ab" * 32, "12346 13 2 " + "cd" * 32),
}


Operation = tuple[str, list[Any]]


def lexicon(api: Api, *operations: Operation, token: str = "", domain: str = ZONE) -> list[Any]:
    """What lexicon's operations return, one after the other; its own words when it fails."""
    asked = {"token": token or api.token, "domain": domain, "operations": operations}
    done = api.client("-c", LEXICON, json.dumps(asked))
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.spec("API-5", "DOM-38")
def test_lexicon_creates_lists_updates_and_deletes_records_of_every_type(api: Api) -> None:
    # It looks before it writes, so the second creation makes no double.
    made = lexicon(
        api,
        *(
            ("create_record", [kind, name, first])
            for kind, (name, first, _) in RECORDS.items()
            for _twice in "12"
        ),
    )
    assert made == [True] * 2 * len(RECORDS)
    listing: list[Operation] = [("list_records", [kind, name]) for kind, (name, _, _) in RECORDS.items()]
    numbers = {}
    for (kind, (name, first, _)), records in zip(RECORDS.items(), lexicon(api, *listing), strict=True):
        (listed,) = records
        assert (listed["type"], listed["name"], listed["ttl"]) == (kind, f"{name}.{ZONE}", 600)
        assert listed["content"].rstrip(".") == first
        numbers[kind] = str(listed["id"])
    updated = lexicon(
        api,
        *(
            ("update_record", [numbers[kind], kind, name, second])
            for kind, (name, _, second) in RECORDS.items()
        ),
        *listing,
    )
    assert updated[: len(RECORDS)] == [True] * len(RECORDS)
    contents = {}
    for (kind, (_, _, second)), records in zip(RECORDS.items(), updated[len(RECORDS) :], strict=True):
        (changed,) = records
        assert changed["content"].rstrip(".") == second
        contents[kind] = changed["content"]
    gone = lexicon(
        api,
        *(("delete_record", [None, kind, name, contents[kind]]) for kind, (name, _, _) in RECORDS.items()),
        *listing,
    )
    assert gone == [True] * len(RECORDS) + [[]] * len(RECORDS)


def test_a_challenge_of_lexicon_reaches_the_name_server_and_leaves_it(api: Api) -> None:
    name = "_acme-challenge.www"
    create = [("create_record", ["TXT", name, content]) for content in ("token-one", "token-two")]
    assert lexicon(api, *create) == [True, True]
    api.will_serve(f"{name}.{ZONE}", "TXT", {'"token-one"', '"token-two"'})
    assert lexicon(api, ("delete_record", [None, "TXT", name, "token-one"])) == [True]
    api.will_serve(f"{name}.{ZONE}", "TXT", {'"token-two"'})
    assert lexicon(api, ("delete_record", [None, "TXT", name])) == [True]
    api.will_serve(f"{name}.{ZONE}", "TXT", set())


def test_lexicon_understands_what_it_is_refused(api: Api) -> None:
    with pytest.raises(RuntimeError, match=r"AuthenticationError: Domain of-somebody-else\.ch not found"):
        lexicon(api, domain="of-somebody-else.ch")
    with pytest.raises(RuntimeError, match="401 Client Error"):
        lexicon(api, token="wrong")


# --- octoDNS: the newer family -------------------------------------------------------------------------------

OCTODNS = """
providers:
  config:
    class: octodns.provider.yaml.YamlProvider
    directory: ./zones
    default_ttl: 3600
    enforce_order: false
  kanton:
    class: octodns_infomaniak.InfomaniakProvider
    token: env/DNS_TOKEN
zones:
  {zone}.:
    sources: [config]
    targets: [kanton]
"""


def octodns(api: Api, folder: Path, zone: str, *options: str) -> str:
    """Run octodns-sync on a zone file of its own; returns what it said."""
    (folder / "zones").mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(OCTODNS.format(zone=OCTO_ZONE))
    (folder / "zones" / f"{OCTO_ZONE}.yaml").write_text(zone)
    os.environ["DNS_TOKEN"] = api.token
    code = "from octodns.cmds.sync import main; main()"
    done = api.client("-c", code, "--config-file=config.yaml", *options, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr + done.stdout


FIRST = """
'':
  - {type: MX, values: [{preference: 10, exchange: mx1.example.net.}, {preference: 20, exchange: mx2.example.net.}]}
  - {type: TXT, values: ['v=spf1 include:example.net -all', 'note=a\\; b']}
  - type: CAA
    values: [{flags: 0, tag: issue, value: letsencrypt.org}, {flags: 128, tag: iodef, value: 'mailto:ca@example.net'}]
www: {type: A, ttl: 300, values: [192.0.2.1, 192.0.2.2]}
six: {type: AAAA, values: ['2001:db8::1']}
alias: {type: CNAME, value: www.acme-octopus.ch.}
sub:
  - {type: NS, values: [ns1.example.net., ns2.example.net.]}
  - {type: DS, value: {key_tag: 12345, algorithm: 13, digest_type: 2, digest: 'DIGEST'}}
_sip._tcp: {type: SRV, values: [{priority: 10, weight: 60, port: 5060, target: sip.acme-octopus.ch.}]}
host: {type: SSHFP, values: [{algorithm: 4, fingerprint_type: 2, fingerprint: 'PRINT'}]}
_443._tcp:
  type: TLSA
  values: [{certificate_usage: 3, selector: 1, matching_type: 1, certificate_association_data: 'digest'}]
""".lstrip()
FIRST = FIRST.replace("DIGEST", "AB" * 32).replace("digest'", "ab" * 32 + "'").replace("PRINT", "12" * 32)
SECOND = """
www: {type: A, ttl: 600, values: [192.0.2.3]}
alias: {type: CNAME, value: six.acme-octopus.ch.}
six: {type: AAAA, values: ['2001:db8::1', '2001:db8::2']}
""".lstrip()


@pytest.mark.spec("API-5", "DOM-38")
def test_octodns_brings_a_zone_to_its_file_and_then_has_nothing_to_do(api: Api, tmp_path: Path) -> None:
    assert "Creates=" in octodns(api, tmp_path, FIRST, "--force")  # a plan only
    assert api.served(f"www.{OCTO_ZONE}", "A") == set()
    octodns(api, tmp_path, FIRST, "--doit", "--force")
    assert "No changes were planned" in octodns(api, tmp_path, FIRST, "--doit")
    api.will_serve(f"www.{OCTO_ZONE}", "A", {"192.0.2.1", "192.0.2.2"})
    api.will_serve(f"alias.{OCTO_ZONE}", "CNAME", {f"www.{OCTO_ZONE}."})
    api.will_serve(OCTO_ZONE, "MX", {"10 mx1.example.net.", "20 mx2.example.net."})
    api.will_serve(OCTO_ZONE, "CAA", {'0 issue "letsencrypt.org"', '128 iodef "mailto:ca@example.net"'})
    api.will_serve(OCTO_ZONE, "TXT", {'"v=spf1 include:example.net -all"', '"note=a; b"'})
    api.will_serve(f"_sip._tcp.{OCTO_ZONE}", "SRV", {f"10 60 5060 sip.{OCTO_ZONE}."})
    api.will_serve(f"host.{OCTO_ZONE}", "SSHFP", {"4 2 " + "12" * 32})
    api.will_serve(f"_443._tcp.{OCTO_ZONE}", "TLSA", {"3 1 1 " + "ab" * 32})
    octodns(api, tmp_path, SECOND, "--doit", "--force")
    assert "No changes were planned" in octodns(api, tmp_path, SECOND, "--doit")
    api.will_serve(f"www.{OCTO_ZONE}", "A", {"192.0.2.3"})
    api.will_serve(f"alias.{OCTO_ZONE}", "CNAME", {f"six.{OCTO_ZONE}."})
    api.will_serve(f"six.{OCTO_ZONE}", "AAAA", {"2001:db8::1", "2001:db8::2"})
    api.will_serve(f"_sip._tcp.{OCTO_ZONE}", "SRV", set())


# --- infomaniak: the command line ----------------------------------------------------------------------------


def cli(api: Api, home: Path, *command: str, typed: str = "") -> str:
    """What a command says; `home` keeps its token between commands."""
    done = api.client("-m", "infomaniak_cli", *command, cwd=home, typed=typed, HOME=str(home))
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return done.stdout


@pytest.mark.spec("API-5", "DOM-38")
def test_the_command_line_is_set_up_and_looks_after_a_zone(api: Api, tmp_path: Path) -> None:
    token = api.new_token("accounts", "domain:read", "dns:read", "dns:write")
    assert "Token valid — account: Acme" in cli(api, tmp_path, "setup", typed=f"s\n{token}\n")
    assert "2 products" in cli(api, tmp_path, "account")
    assert ZONE in cli(api, tmp_path, "domains") and ZONE in cli(api, tmp_path, "dns", "domains")
    assert "domain   2      2       none" in cli(api, tmp_path, "status")

    zone = json.loads(cli(api, tmp_path, "dns", "export", OCTO_ZONE))
    made = cli(api, tmp_path, "dns", "add", OCTO_ZONE, "A", "cli", "192.0.2.7", "--ttl", "600")
    ident = made.rpartition("ID: ")[2].strip()
    api.will_serve(f"cli.{OCTO_ZONE}", "A", {"192.0.2.7"})
    assert "true" in cli(api, tmp_path, "dns", "check", OCTO_ZONE, ident)
    cli(api, tmp_path, "dns", "update", OCTO_ZONE, ident, "--target", "192.0.2.8")
    api.will_serve(f"cli.{OCTO_ZONE}", "A", {"192.0.2.8"})
    assert f"{OCTO_ZONE}  {ident}" in cli(api, tmp_path, "dns", "search", "192.0.2.8")

    # A file is the wish: what it lacks goes, what it has comes, and then there is nothing to do.
    wish = [*zone, {"type": "TXT", "source": "note", "target": '"a file is the wish"', "ttl": 300}]
    (tmp_path / "wish.json").write_text(json.dumps(wish))
    said = cli(api, tmp_path, "dns", "sync", OCTO_ZONE, "wish.json", "--yes")
    assert "1 created, 1 deleted" in said
    api.will_serve(f"note.{OCTO_ZONE}", "TXT", {'"a file is the wish"'})
    api.will_serve(f"cli.{OCTO_ZONE}", "A", set())
    assert "No differences found" in cli(api, tmp_path, "dns", "diff", OCTO_ZONE, "wish.json")
    (tmp_path / "wish.json").write_text(json.dumps(zone))
    assert "0 created, 1 deleted" in cli(api, tmp_path, "dns", "sync", OCTO_ZONE, "wish.json", "--yes")
    assert f"$ORIGIN {OCTO_ZONE}." in cli(api, tmp_path, "dns", "zone", OCTO_ZONE)


# --- certbot: a certificate by a record ----------------------------------------------------------------------

CERTBOT = """
import json, sys
from certbot.errors import PluginError
from certbot_dns_infomaniak.dns_infomaniak import _APIDomain

token, steps = json.loads(sys.argv[1])
domain = _APIDomain(token)
for step in steps:
    try:
        getattr(domain, step[0])(*step[1:])
        print("done", len(domain.record_ids))
    except PluginError as error:
        print(error)
"""


def certbot(api: Api, token: str, *steps: tuple[str, str, str, str]) -> list[str]:
    """What the plugin's steps for challenges end in."""
    done = api.client("-c", CERTBOT, json.dumps([token, steps]))
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


@pytest.mark.spec("API-5", "DOM-38")
def test_challenges_of_certbot_come_and_go_two_of_one_name_at_a_time(api: Api) -> None:
    name = f"_acme-challenge.shop.{ZONE}"
    first, second = (f"shop.{ZONE}", name, "token-1"), (f"shop.{ZONE}", name, "token-2")
    assert certbot(api, api.token, ("add_txt_record", *first), ("del_txt_record", *first)) == [
        "done 1",
        "done 0",
    ]
    api.will_serve(name, "TXT", set())
    assert certbot(api, api.token, ("add_txt_record", *first), ("add_txt_record", *second)) == [
        "done 1",
        "done 2",
    ]
    api.will_serve(name, "TXT", {'"token-1"', '"token-2"'})
    strange = ("add_txt_record", "globex.example", "_acme-challenge.globex.example", "token")
    assert certbot(api, api.token, strange) == ["Domain not found"]
    assert certbot(api, "kn_nobody", ("add_txt_record", *first)) == ["cannot authenticate"]


# --- the web server itself ------------------------------------------------------------------------------------


def test_the_running_server_speaks_the_envelope_whatever_it_gets(api: Api) -> None:
    """Through the real web server: odd requests end in the envelope, not in its own words."""
    web, token = api.web, api.token
    for path, expected in (
        ("/1/nothing", 404),
        ("/2/zones/nobody.example", 404),
        (f"/2/zones/{ZONE}/records?filter[colour]=red", 422),
        ("/2/zones/%00/records", 404),
        ("/2/zones/%ff/records", 404),
    ):
        request = urllib.request.Request(web + path, headers={"Authorization": f"Bearer {token}"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=120)
        assert refused.value.code == expected
        assert json.load(refused.value)["result"] == "error"
