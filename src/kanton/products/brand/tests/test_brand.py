"""Custom Brand: which names, which proofs, what opens under them, and what happens at the end."""

from __future__ import annotations

import datetime as dt
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dns.resolver
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from kanton.accounts.emails import password_changed
from kanton.accounts.models import Person
from kanton.billing.models import Cart
from kanton.catalog.sample import load_sample
from kanton.config import overriding
from kanton.core import clock
from kanton.core.actor import Actor, System
from kanton.core.errors import DomainError
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.models import Mail
from kanton.core.outbox.testing import Outbox
from kanton.core.outbox.transports import as_message
from kanton.organizations.actions import invite_member
from kanton.organizations.models import Membership, Organization
from kanton.organizations.sso import fetch
from kanton.products.actions import want_service
from kanton.products.brand import known, proofs
from kanton.products.brand.actions import set_look
from kanton.products.brand.errors import BadAccent, BadHost, HostOfProvider, HostTaken, UnreadableAccent
from kanton.products.brand.models import Brand
from kanton.products.brand.names import normal_host
from kanton.products.brand.product import BrandProduct
from kanton.products.brand.tasks import release_hosts
from kanton.products.brand.tests.factories import make_brand, make_service
from kanton.products.contract import Done, NeedsCustomer, RetryIn
from kanton.products.domains.actions import create_record
from kanton.products.domains.serving import serve
from kanton.products.domains.tests.factories import make_zone
from kanton.products.domains.tests.name_server import Running
from kanton.products.models import Service, Wanted
from kanton.products.tasks import settle_service
from kanton.testing import PASSWORD
from kanton.ui.brand import TEXT_CONTRAST, contrast

HOST = "manager.acme.example"
PROVIDER = "https://manager.alpenhost.example"
OURS = {"host": "manager.alpenhost.example"}
THEIRS = {"host": HOST}


@pytest.fixture
def provider() -> Iterator[None]:
    """The provider has said under which address people come."""
    with overriding(web={"public_url": PROVIDER}):
        yield


@pytest.fixture
def brand(acme: Organization, provider: None) -> Brand:
    """Acme's brand, live."""
    return make_brand(acme)


def sign_in(client: Client, headers: dict[str, str], person: Person, next_page: str = "") -> Any:
    values = {"email": person.email, "password": PASSWORD, "next": next_page}
    return client.post("/login", values, headers=headers)


# --- names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "refusal"),
    [
        ("", BadHost),
        ("acme", BadHost),
        ("127.0.0.1", BadHost),
        ("manager.acme.local", BadHost),
        ("-a.acme.ch", BadHost),
        ("a..acme.ch", BadHost),
        ("acme.ch/path", BadHost),
        ("user@acme.ch", BadHost),
        ("acme.ch:443", BadHost),
        ("xn--a.ch", BadHost),
        ("a" * 64 + ".ch", BadHost),
        (".".join(["a" * 60] * 5), BadHost),
        ("manager.alpenhost.example", HostOfProvider),
        ("evil.manager.alpenhost.example.", HostOfProvider),
        ("Login.ALPENHOST.example", HostOfProvider),
        ("ns1.alpenhost.example", HostOfProvider),
    ],
)
def test_names_of_others_and_what_is_no_name_are_refused(
    provider: None, host: str, refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        normal_host(host)


def test_names_are_made_normal(provider: None) -> None:
    assert normal_host(" Manager.ACME.ch. ") == "manager.acme.ch"
    assert normal_host("büro.zürich.ch") == "xn--bro-hoa.xn--zrich-kva.ch"


@given(st.text(max_size=80))
def test_whatever_is_typed_becomes_a_plain_name_or_a_refusal(text: str) -> None:
    try:
        host = normal_host(text)
    except DomainError:
        return
    assert re.fullmatch(r"[a-z0-9.-]{3,240}", host) and normal_host(host) == host


# --- from the shop to live -----------------------------------------------------------------------------------


@pytest.mark.spec("ORG-97")
def test_it_is_sold_in_the_shop_and_a_name_in_use_is_refused_there(
    client: Client, ana: Person, acme: Organization, globex: Organization
) -> None:
    load_sample()
    make_brand(globex, "manager.taken.example")
    client.force_login(ana)
    offer = "/o/acme/shop/offers/custom-brand"
    assert "97.20" in client.get(offer).content.decode()
    for bad in ("manager.taken.example", "localhost", "nothing"):
        answer = client.post(offer, {"name": bad, "months": "12", "quantity": "1"})
        assert answer.status_code == 422, bad
    assert not Cart.objects.exists()
    client.post(offer, {"name": "Manager.Acme.example", "months": "12", "quantity": "1"})
    assert Cart.objects.get().lines.get().name == "manager.acme.example"


@pytest.mark.spec("ORG-98")
def test_control_is_proved_by_a_txt_record_of_a_real_name_server(
    monkeypatch: pytest.MonkeyPatch, name_server: Running, owner: Actor, acme: Organization
) -> None:
    def world() -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], name_server.port, 3.0
        return resolver

    monkeypatch.setattr(proofs, "resolver", world)
    monkeypatch.setattr(proofs, "trouble_of", lambda host: "no connection")
    zone, service = make_zone(acme), make_service(acme)
    serve(zone.pk)

    def reconciled() -> str:
        outcome = BrandProduct().reconcile(service)
        assert isinstance(outcome, RetryIn)
        return outcome.reason

    assert "The TXT record _kanton-brand.manager.acme.example is not answered yet." in reconciled()
    brand = Brand.objects.get()
    for text in ("kanton-brand=somebody-else", brand.challenge_text):
        assert brand.proven_at is None
        create_record(owner, zone, source="_kanton-brand.manager", type="TXT", target=text, ttl=300)
        serve(zone.pk)
        reason = reconciled()
        brand.refresh_from_db()
    assert brand.proven_at is not None and brand.live_at is None
    assert "does not lead here by HTTPS yet: no connection" in reason
    assert known.brand_at(HOST) is None, "proved, but not live"
    with clock.travel(clock.now() + dt.timedelta(days=8)):
        assert isinstance(BrandProduct().reconcile(service), NeedsCustomer)


class Secure:
    """A web server with a certificate, which hands requests to this installation or to nobody."""

    def __init__(self, folder: Path, host: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.file = folder / "certificate.pem"
        plain = serialization.NoEncryption()
        self.file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        )
        self.is_ours = True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = Client().get(self.path, headers={"host": self.headers["Host"]}).content
                body = answer if outer.is_ours else b'{"proof": "of somebody else"}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secure]:
    """The server behind the name, on this machine."""
    running = Secure(tmp_path, HOST)
    real = socket.create_connection
    port = running.server.server_address[1]
    monkeypatch.setattr(fetch, "_resolved", lambda host, _port: "127.0.0.1")
    monkeypatch.setattr(
        socket, "create_connection", lambda address, timeout: real(("127.0.0.1", port), timeout)
    )
    yield running
    running.server.shutdown()
    running.server.server_close()
    running.thread.join()


@pytest.mark.spec("ORG-98")
def test_it_is_live_when_the_name_leads_here_with_a_valid_certificate(
    secure: Secure, monkeypatch: pytest.MonkeyPatch, acme: Organization, provider: None
) -> None:
    monkeypatch.setattr(proofs, "has_control", lambda brand: True)
    service = make_service(acme)
    assert proofs.trouble_of(HOST) == "its certificate is not valid", "nobody knows who signed it"
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.file))
    assert proofs.trouble_of("other.acme.example") == "its certificate is not valid", "it is for another name"
    secure.is_ours = False
    outcome = BrandProduct().reconcile(service)
    assert isinstance(outcome, RetryIn) and "another server answers" in outcome.reason
    assert Brand.objects.get().live_at is None
    secure.is_ours = True
    assert BrandProduct().reconcile(service) == Done()
    settle_service(System("brand"), service, service.wish_version, Done())
    assert Brand.objects.get().live_at is not None
    found = known.brand_at(HOST)
    assert found is not None and (found.slug, found.redirects) == ("acme", False)
    assert BrandProduct().reconcile(service) == Done(), "again, and nothing changes"


def test_who_proves_first_holds_the_name(
    monkeypatch: pytest.MonkeyPatch, acme: Organization, globex: Organization
) -> None:
    monkeypatch.setattr(proofs, "has_control", lambda brand: True)
    monkeypatch.setattr(proofs, "trouble_of", lambda host: "")
    squatter, honest = make_service(globex), make_service(acme)
    make = BrandProduct().reconcile
    monkeypatch.setattr(proofs, "has_control", lambda brand: brand.organization == acme)
    assert isinstance(make(squatter), RetryIn)
    assert make(honest) == Done(), "a name that is merely wanted is not taken"
    monkeypatch.setattr(proofs, "has_control", lambda brand: True)
    late = make(squatter)
    assert isinstance(late, NeedsCustomer) and "in use by another Custom Brand" in late.reason
    with pytest.raises(HostTaken):
        BrandProduct().check_order(globex, {"name": HOST})


# --- under the own name --------------------------------------------------------------------------------------


@pytest.mark.spec("ORG-97", "ORG-98")
def test_the_sign_in_page_has_the_look_and_says_who_runs_it(
    client: Client, owner: Actor, brand: Brand
) -> None:
    set_look(owner, brand, accent="#0B686E", greeting="Welcome, colleagues.", sender="Acme")
    page = client.get("/login", headers=THEIRS).content.decode()
    assert "<title>Sign in · Acme</title>" in page and "/ui/brand/0b686e.css" in page
    assert "Welcome, colleagues." in page and "Run by Alpenhost" in page
    assert '<span class="avatar is-square is-accent' in page, "the initials until there is a logo"
    assert "/login/sso" not in page and "/login/passkey" not in page
    usual = client.get("/login", headers=OURS).content.decode()
    assert "<title>Sign in · Alpenhost</title>" in usual and "Welcome, colleagues." not in usual


def test_only_the_manager_of_this_organization_is_reached(
    client: Client, ana: Person, brand: Brand, globex: Organization
) -> None:
    Membership.objects.create(organization=globex, person=ana, role="administrator")
    assert client.get("/", headers=THEIRS)["Location"] == "/o/acme/"
    assert client.get("/o/acme/", headers=THEIRS)["Location"] == "/login?next=%2Fo%2Facme%2F"
    assert sign_in(client, THEIRS, ana, "/o/acme/")["Location"] == "/o/acme/"
    assert client.get("/o/acme/", headers=THEIRS).status_code == 200
    assert client.get("/o/acme/people", headers=THEIRS).status_code == 200
    for path in ("/o/globex/", "/account/", "/mail/", "/staff", "/authorize", "/organizations", "/shop?a=b"):
        answer = client.get(path, headers=THEIRS)
        assert (answer.status_code, answer["Location"]) == (302, PROVIDER + path)
    answer = client.post("/password/forgotten", {"email": ana.email}, headers=THEIRS)
    assert (answer.status_code, answer["Location"]) == (303, f"{PROVIDER}/password/forgotten")


def test_a_session_counts_only_under_the_name_where_it_began(
    client: Client, ana: Person, brand: Brand
) -> None:
    """Who controls a name may see its cookies: they open nothing elsewhere."""
    make_brand(brand.organization, "other.acme.example")
    sign_in(client, THEIRS, ana)
    assert client.get("/o/acme/", headers=THEIRS).status_code == 200
    for elsewhere in (OURS, {"host": "other.acme.example"}, {"host": "localhost"}):
        for path in ("/o/acme/", "/o/acme/people"):
            thief = Client()
            thief.cookies["kanton_session"] = client.cookies["kanton_session"].value
            assert thief.get(path, headers=elsewhere)["Location"].startswith("/login")
    own = Client()
    sign_in(own, OURS, ana)
    assert own.get("/o/acme/", headers=OURS).status_code == 200
    assert own.get("/o/acme/", headers=THEIRS)["Location"].startswith("/login")
    assert client.get("/o/acme/", headers=THEIRS).status_code == 200, "and is still whole where it began"


def test_a_form_is_taken_from_its_own_name_only(ana: Person, brand: Brand) -> None:
    strict = Client(enforce_csrf_checks=True)
    page = strict.get("/login", headers=THEIRS, secure=True).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    form = {"email": ana.email, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    for origin, status in (("https://evil.example", 403), (PROVIDER, 403), (f"https://{HOST}", 302)):
        answer = strict.post("/login", form, headers=THEIRS | {"origin": origin}, secure=True)
        assert answer.status_code == status, origin
    cookie = strict.cookies["kanton_session"]
    assert cookie["domain"] == "" and cookie["httponly"] and cookie["samesite"] == "Lax", (
        "no other host gets it"
    )


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "manager.acme.example.evil.example", "xmanager.acme.example", "acme.example", "a@b", "a/b",
        "x" * 300,
    ],
)  # fmt: skip
def test_an_unknown_host_is_refused(client: Client, ana: Person, brand: Brand, host: str) -> None:
    for path in ("/login", "/", "/o/acme/", "/password/forgotten"):
        assert client.get(path, headers={"host": host}).status_code in (400, 421)
    assert client.post("/login", {"email": ana.email}, headers={"host": host}).status_code in (400, 421)
    answer = client.get("/login", headers={"host": OURS["host"], "X-Forwarded-Host": host})
    assert answer.status_code == 200 and host not in answer.content.decode()


@pytest.mark.django_db
def test_the_provider_may_name_further_hosts(client: Client) -> None:
    for others, status in (((), 421), (("inside.example",), 200)):
        with overriding(web={"public_url": PROVIDER, "other_names": others}):
            assert client.get("/login", headers={"host": "inside.example"}).status_code == status


def test_no_link_is_built_from_the_host(client: Client, ana: Person, brand: Brand, outbox: Outbox) -> None:
    for headers in (OURS, {"host": "localhost"}):
        client.post("/password/forgotten", {"email": ana.email}, headers=headers)
        run_jobs()
        links = re.findall(r"https?://\S+/password/new/", outbox[-1].text)
        assert links and {urlsplit(link).netloc for link in links} == {OURS["host"]}
    port_and_case = {"host": "MANAGER.acme.example:8443"}
    assert "Acme" in client.get("/login", headers=port_and_case).content.decode()


def test_the_name_costs_no_query_once_it_is_known_and_a_change_is_seen_by_every_process(
    client: Client, owner: Actor, brand: Brand, django_capture_on_commit_callbacks: Any
) -> None:
    client.get("/login", headers=THEIRS)
    with CaptureQueriesContext(connection) as asked:
        client.get("/login", headers=THEIRS)
        client.get("/login", headers={"host": "nobody.example"})
        client.get("/login", headers={"host": "nobody.example"})
    assert [query["sql"] for query in asked if "brand" in query["sql"]] == [
        query["sql"] for query in asked if "nobody.example" in query["sql"]
    ]
    stamp = known._stamp()
    with django_capture_on_commit_callbacks(execute=True):
        set_look(owner, brand, greeting="New")
    assert known._stamp() > stamp, "the file that the other processes look at"


@pytest.mark.spec("ORG-98")
def test_mails_carry_the_own_name_and_security_mails_never_do(
    owner: Actor, ana: Person, acme: Organization, brand: Brand
) -> None:
    set_look(owner, brand, sender="Acme\r\nBcc: x", reply_to="it@acme.example")
    invite_member(owner, acme, email="lea@example.ch")
    message = as_message(Mail.objects.latest("pk"))
    assert message["From"] == '"Acme Bcc: x · Alpenhost" <hello@alpenhost.example>'
    assert message["Reply-To"] == "it@acme.example" and message["Bcc"] is None
    password_changed(ana)
    message = as_message(Mail.objects.latest("pk"))
    assert message["From"] == "Alpenhost <hello@alpenhost.example>" and message["Reply-To"] is None


def test_a_colour_must_read_and_the_nearest_that_does_is_named(
    owner: Actor, acme: Organization, brand: Brand
) -> None:
    set_look(owner, brand, accent="#0b686e")
    acme.refresh_from_db()
    assert acme.accent == "0b686e"
    with pytest.raises(UnreadableAccent) as refused:
        set_look(owner, brand, accent="#ffdd00")
    nearest = str(refused.value.params["nearest"])
    assert contrast(nearest, "ffffff") >= TEXT_CONTRAST and nearest in refused.value.sentence
    with pytest.raises(BadAccent):
        set_look(owner, brand, accent="red}")
    acme.refresh_from_db()
    brand.refresh_from_db()
    assert (acme.accent, brand.accent) == ("0b686e", "0b686e")
    assert set_look(owner, brand, accent=f"#{nearest}").accent == nearest


# --- the end -------------------------------------------------------------------------------------------------


@pytest.mark.spec("ORG-97", "ORG-98")
def test_after_the_end_the_name_redirects_for_30_days_and_is_then_free(
    client: Client, owner: Actor, ana: Person, acme: Organization, globex: Organization, brand: Brand
) -> None:
    set_look(owner, brand, accent="#0b686e")
    sign_in(client, THEIRS, ana)
    product, service = BrandProduct(), Service.objects.get(pk=brand.service_id)
    want_service(System("billing"), service, Wanted.SUSPENDED)
    assert product.reconcile(service) == Done()
    assert client.get("/o/acme/people?q=1", headers=THEIRS)["Location"] == f"{PROVIDER}/o/acme/people?q=1"
    want_service(System("billing"), service, Wanted.ACTIVE)
    known.changed()
    assert client.get("/o/acme/people", headers=THEIRS).status_code == 200

    want_service(System("billing"), service, Wanted.ENDED)
    assert product.reconcile(service) == Done() == product.reconcile(service)
    acme.refresh_from_db()
    brand.refresh_from_db()
    assert (acme.accent, brand.redirects_until) == ("", clock.today() + dt.timedelta(days=30))
    assert client.get("/login", headers=THEIRS)["Location"] == f"{PROVIDER}/login"
    own = Client()
    sign_in(own, OURS, ana)
    assert own.get("/o/acme/", headers=OURS).status_code == 200, "the usual address works as ever"
    with clock.travel(clock.now() + dt.timedelta(days=30)):
        assert release_hosts.call() == 0
        assert client.get("/login", headers=THEIRS).status_code == 302
    with clock.travel(clock.now() + dt.timedelta(days=31)):
        known.changed()
        assert client.get("/login", headers=THEIRS).status_code == 421
        assert release_hosts.call() == 1
    assert BrandProduct().check_order(globex, {"name": HOST})["name"] == HOST


def test_its_pages_tell_what_to_enter_and_where_it_stands(
    client: Client, ana: Person, acme: Organization
) -> None:
    client.force_login(ana)
    assert "No Custom Brand yet" in client.get("/o/acme/brand").content.decode()
    brand = make_brand(acme, live=False)
    page = client.get(f"/o/acme/brand/{brand.service_id}").content.decode()
    assert brand.challenge in page and brand.challenge_text in page and "Check again now" in page
    answer = client.post(f"/o/acme/brand/{brand.service_id}/look", {"accent": "#ffdd00"})
    assert answer.status_code == 422 and "The nearest colour that reads" in answer.content.decode()
    client.post(f"/o/acme/brand/{brand.service_id}/look", {"accent": "#0b686e", "greeting": "Grüezi"})
    assert "Grüezi" in client.get(f"/o/acme/brand/{brand.service_id}").content.decode()
    acme.refresh_from_db()
    assert acme.accent == "", "the colour comes with the proofs"
    ask = "/.well-known/kanton-brand?domain="
    assert client.get(f"{ask}{HOST}").status_code == 404
    Brand.objects.update(proven_at=clock.now())
    assert client.get(f"{ask}{HOST}").status_code == 200
