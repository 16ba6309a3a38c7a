"""The pages of domains and zones, with and without htmx, for those who may and those who may not."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from kanton.accounts.models import Person
from kanton.core.actor import Actor
from kanton.core.jobs.testing import run_jobs
from kanton.organizations.models import Organization
from kanton.products.contract import product_called
from kanton.products.domains.actions import create_record, create_zone
from kanton.products.domains.models import Domain, Zone, ZoneRecord
from kanton.products.domains.registrars.sandbox import SandboxRegistrar
from kanton.products.domains.tests.factories import make_service, make_zone
from kanton.products.domains.tests.name_server import Running

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(ana: Person, acme: Organization) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def url(page: str, *args: object) -> str:
    return reverse(f"domains:{page}", args=["acme", *args])


def body(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined, no-any-return]


def test_the_list_begins_with_a_first_step(browser: Client) -> None:
    answer = browser.get(url("list"))
    assert answer.status_code == 200
    assert "No domains yet" in body(answer)
    assert "/o/acme/shop" in body(answer)


@pytest.mark.spec("DOM-10", "DOM-14")
def test_the_list_shows_filters_and_exports(browser: Client, acme: Organization) -> None:
    make_zone(acme, "acme.example")
    make_zone(acme, "xn--bcher-kva.example")
    shown = body(browser.get(url("list")))
    assert "bücher.example" in shown
    assert "xn--bcher-kva.example" in shown
    assert "Active" in shown
    Domain.objects.filter(name="acme.example").update(state="redemption")
    assert "acme.example</a>" not in body(browser.get(url("list") + "?state=active"))
    assert "Redemption" in body(browser.get(url("list") + "?state=redemption"))
    csv = b"".join(browser.get(url("list") + "?format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert csv.splitlines()[1].startswith("acme.example,Redemption,")


@pytest.mark.spec("DOM-10")
def test_a_name_that_was_snatched_away_says_what_to_do(
    browser: Client, acme: Organization, registry: SandboxRegistrar, name_server: Running
) -> None:
    service = make_service(acme, "snatched.example")
    run_jobs()
    assert "Failed" in body(browser.get(url("list")))
    shown = body(browser.get(product_called("domains").service_url(service)))
    assert "Somebody else registered this name in the meantime." in shown
    assert "Choose another name" in shown
    assert browser.get(url("zone", "snatched.example")).status_code == 404


@pytest.mark.spec("DOM-29", "DOM-31")
def test_the_overview_keeps_the_layers_apart(browser: Client, zone: Zone) -> None:
    shown = body(browser.get(url("overview", "acme.example")))
    for words in (
        "Who runs what",
        "Name servers",
        "ns1.alpenhost.example",
        "mail.alpenhost.example",
        "Website",
    ):
        assert words in shown
    assert "somebody else’s" not in shown


@pytest.mark.spec("DOM-47")
def test_a_zone_without_effect_says_so(browser: Client, zone: Zone) -> None:
    Domain.objects.update(registry_nameservers=["ns1.globex.example", "ns2.globex.example"])
    for page in ("overview", "zone"):
        assert "has no effect on the internet" in body(browser.get(url(page, "acme.example")))


@pytest.mark.spec("DOM-34")
def test_a_record_is_added_edited_and_deleted_without_script(browser: Client, zone: Zone) -> None:
    add = url("add_record", "acme.example") + "?type=MX"
    shown = body(browser.get(add))
    assert 'name="part_priority"' in shown
    assert 'name="part_host"' in shown
    data = {
        "source": "web",
        "part_priority": "5",
        "part_host": "mx.globex.example",
        "ttl": "300",
        "version": "1",
    }
    answer = browser.post(add, data)
    assert (answer.status_code, answer["Location"]) == (303, url("zone", "acme.example"))
    row = ZoneRecord.objects.get(name="web.acme.example")
    assert (row.type, row.target, row.ttl) == ("MX", "5 mx.globex.example", 300)
    edit = url("edit_record", "acme.example", row.pk)
    shown = body(browser.get(edit))
    assert 'value="mx.globex.example"' in shown
    assert 'value="web"' in shown
    changed = data | {"part_priority": "7", "version": "2"}
    assert browser.post(edit, changed).status_code == 303
    assert ZoneRecord.objects.get(pk=row.pk).target == "7 mx.globex.example"
    listed = body(browser.get(url("zone", "acme.example")))
    assert "7 mx.globex.example" in listed
    assert "Undo" in listed
    assert browser.post(url("delete_record", "acme.example", row.pk)).status_code == 303
    assert not ZoneRecord.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    ("type", "parts", "target"),
    [
        ("A", {"part_address": "192.0.2.7"}, "192.0.2.7"),
        ("TXT", {"part_text": 'say "hi" é'}, '"say \\"hi\\" \\195\\169"'),
        (
            "CAA",
            {"part_flags": "0", "part_tag": "issue", "part_value": "ca.example; a=1"},
            '0 issue "ca.example; a=1"',
        ),
        (
            "SRV",
            {
                "part_priority": "0",
                "part_weight": "5",
                "part_port": "5060",
                "part_host": "sip.globex.example",
            },
            "0 5 5060 sip.globex.example",
        ),
        (
            "TLSA",
            {
                "part_usage": "3",
                "part_selector": "1",
                "part_matching_type": "1",
                "part_fingerprint": "0F" * 32,
            },
            "3 1 1 " + "0f" * 32,
        ),
    ],
)
def test_every_type_has_its_fields_and_shows_what_it_saved(
    browser: Client, zone: Zone, type: str, parts: dict[str, str], target: str
) -> None:
    add = url("add_record", "acme.example") + f"?type={type}"
    assert browser.post(add, parts | {"source": "x", "ttl": "3600"}).status_code == 303
    row = ZoneRecord.objects.get(name="x.acme.example")
    assert row.target == target
    # Saving the form as it is shown changes nothing.
    form = browser.get(url("edit_record", "acme.example", row.pk)).context["form"]
    shown = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    assert browser.post(url("edit_record", "acme.example", row.pk), shown).status_code == 303
    assert ZoneRecord.objects.get(pk=row.pk).target == target


@pytest.mark.spec("DOM-38")
def test_an_error_stands_under_the_part_that_is_wrong(browser: Client, zone: Zone) -> None:
    add = url("add_record", "acme.example") + "?type=MX"
    data = {"source": "web", "part_priority": "ten", "part_host": "192.0.2.1", "ttl": "300"}
    answer = browser.post(add, data, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "part_priority" in answer.context["form"].errors
    answer = browser.post(add, data | {"part_priority": "10"})
    assert "IP address" in str(answer.context["form"].errors["part_host"])
    answer = browser.post(add, data | {"source": "a..b", "part_priority": "10"})
    assert "source" in answer.context["form"].errors
    assert not ZoneRecord.objects.filter(name="web.acme.example").exists()


@pytest.mark.spec("DOM-40")
def test_a_form_on_an_outdated_zone_is_refused_with_what_changed(
    browser: Client, zone: Zone, owner: Actor
) -> None:
    create_record(owner, zone, source="www", type="A", target="192.0.2.7")
    add = url("add_record", "acme.example") + "?type=A"
    data = {"source": "ftp", "part_address": "192.0.2.9", "ttl": "300", "version": "1"}
    answer = browser.post(add, data)
    assert answer.status_code == 422
    assert "www A 192.0.2.7" in body(answer)
    assert not ZoneRecord.objects.filter(name="ftp.acme.example").exists()


def test_the_preview_tells_what_will_happen(browser: Client, zone: Zone) -> None:
    add = url("add_record", "acme.example") + "?type=A"
    data = {"source": "www", "part_address": "192.0.2.9", "ttl": "300", "_preview": "1"}
    answer = browser.post(add, data, headers={"HX-Request": "true"})
    assert "added to acme.example: www A 192.0.2.9" in body(answer)
    assert not ZoneRecord.objects.filter(name="www.acme.example").exists()


@pytest.mark.spec("DOM-39")
def test_undo_and_history_bring_versions_back(browser: Client, zone: Zone, owner: Actor) -> None:
    row = create_record(owner, zone, source="www", type="A", target="192.0.2.7")
    browser.post(url("delete_record", "acme.example", row.pk))
    undo = url("restore", "acme.example", 2) + "?version=3"
    answer = browser.post(undo, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == url("zone", "acme.example")
    assert ZoneRecord.objects.filter(name="www.acme.example").exists()
    shown = body(browser.get(url("history", "acme.example")))
    assert "Earlier version brought back" in shown
    assert "Ana Keller" in shown
    page = body(browser.get(url("restore", "acme.example", 1)))
    assert "www.acme.example A 192.0.2.7" in page
    # Undo that comes too late is refused, because somebody changed the zone since.
    assert browser.post(undo).status_code == 422


@pytest.mark.spec("DOM-39", "DOM-40")
def test_what_changed_nothing_does_not_offer_to_undo_the_change_before(
    browser: Client, zone: Zone, owner: Actor
) -> None:
    row = create_record(owner, zone, source="www", type="A", target="192.0.2.7")
    edit = url("edit_record", "acme.example", row.pk)
    same = {"source": "www", "part_address": "192.0.2.7", "ttl": "3600", "version": "2"}
    browser.post(edit, same)
    page = browser.get(url("zone", "acme.example"))
    assert "The record is saved" in body(page) and "/dns/history/1" not in page.content.decode()
    browser.post(edit, same | {"part_address": "192.0.2.8"})
    undo = url("restore", "acme.example", 2) + "?version=3"
    assert undo in browser.get(url("zone", "acme.example")).content.decode()


@pytest.mark.parametrize("number", ["²", "9" * 30, "-1", "x"])
def test_ticked_rows_that_are_no_numbers_are_passed_over(browser: Client, zone: Zone, number: str) -> None:
    before = ZoneRecord.objects.count()
    for address in (url("delete_records", "acme.example"), url("lock_many")):
        assert browser.post(address, {"selected": number}).status_code == 303
    assert ZoneRecord.objects.count() == before


@pytest.mark.spec("DOM-43")
def test_an_import_shows_the_differences_before_it_saves(browser: Client, zone: Zone) -> None:
    address = url("import", "acme.example")
    shown = body(browser.get(address))
    assert "@ 3600 IN MX 10 mail.alpenhost.example." in shown
    text = "@ MX 5 mx.globex.example.\n"
    answer = browser.post(address, {"text": text, "version": "1"})
    assert "acme.example MX 10 mail.alpenhost.example" in body(answer)
    assert "acme.example MX 5 mx.globex.example" in body(answer)
    assert ZoneRecord.objects.filter(type="MX").get().target.startswith("10 ")
    wrong = browser.post(address, {"text": "www A 192.0.2.300\n", "version": "1"})
    assert wrong.status_code == 422
    assert "Line 1" in body(wrong)
    assert browser.post(address, {"text": text, "version": "1", "save": "yes"}).status_code == 303
    assert ZoneRecord.objects.filter(type="MX").get().target == "5 mx.globex.example"
    exported = browser.get(url("export", "acme.example"))
    assert "MX 5 mx.globex.example." in body(exported)
    assert "acme.example.zone.txt" in exported["Content-Disposition"]


def test_selected_records_are_deleted_together(browser: Client, zone: Zone, owner: Actor) -> None:
    rows = [create_record(owner, zone, source=s, type="A", target="192.0.2.7") for s in ("a", "b")]
    chosen = {"selected": [str(row.pk) for row in rows]}
    assert browser.post(url("delete_records", "acme.example"), chosen).status_code == 303
    assert not ZoneRecord.objects.filter(type="A").exists()
    servers = {
        "selected": [str(pk) for pk in ZoneRecord.objects.filter(type="NS").values_list("pk", flat=True)]
    }
    browser.post(url("delete_records", "acme.example"), servers)
    assert ZoneRecord.objects.filter(type="NS").count() == 2
    assert "at least one name server" in body(browser.get(url("zone", "acme.example")))


@pytest.mark.spec("DOM-39")
def test_the_state_of_a_zone_turns_from_pending_to_done(
    browser: Client, zone: Zone, owner: Actor, name_server: Running
) -> None:
    create_record(owner, zone, source="www", type="A", target="192.0.2.7")
    state = url("zone_state", "acme.example")
    assert "Pending" in body(browser.get(state))
    assert f'hx-get="{state}"' in body(browser.get(url("zone", "acme.example")))
    run_jobs()
    assert "Done" in body(browser.get(state))


@pytest.mark.spec("DOM-61")
def test_the_check_shows_what_is_found_and_what_is_missing(
    browser: Client, zone: Zone, owner: Actor, name_server: Running
) -> None:
    assert "Missing" in body(browser.get(url("check", "acme.example")))
    create_record(owner, zone, source="www", type="A", target="192.0.2.7")
    run_jobs()
    shown = body(browser.get(url("check", "acme.example")))
    assert "Found" in shown
    assert "Missing" not in shown


def test_name_servers_lock_and_contacts(
    browser: Client, acme: Organization, registry: SandboxRegistrar, name_server: Running
) -> None:
    make_service(acme, "acme.example")
    run_jobs()
    page = url("nameservers", "acme.example")
    assert "Our name servers" in body(browser.get(page))
    few = browser.post(page, {"use_own": "no", "nameservers": "ns1.globex.example"})
    assert few.status_code == 422
    assert "at least two" in str(few.context["form"].errors["nameservers"])
    two = {"use_own": "no", "nameservers": "ns1.globex.example\nns2.globex.example"}
    assert browser.post(page, two).status_code == 303
    assert Domain.objects.get().nameservers == ["ns1.globex.example", "ns2.globex.example"]
    assert "Pending" in body(browser.get(url("state", "acme.example")))
    browser.post(page, {"use_own": "yes"})
    browser.post(url("lock", "acme.example"), {"locked": "no"})
    assert Domain.objects.get().is_locked is False
    browser.post(url("lock_many"), {"selected": [str(Domain.objects.get().pk), "x", "999999"]})
    assert Domain.objects.get().is_locked is True
    assert "Marktgasse 1" in body(browser.get(url("contacts", "acme.example")))
    contact = url("contact", "acme.example", "tech")
    assert browser.get(contact).status_code == 200
    wrong = browser.post(
        contact,
        {
            "kind": "Person",
            "street": "x",
            "postal_code": "1",
            "city": "x",
            "email": "a@acme.example",
            "country": "CH",
        },
    )
    assert wrong.status_code == 422
    good = {
        "kind": "Organization", "company": "Acme", "street": "Bahnhofstrasse 1", "postal_code": "3600", "city": "Thun",
        "email": "it@acme.example", "country": "CH",
    }  # fmt: skip
    assert browser.post(contact, good).status_code == 303
    assert "Bahnhofstrasse 1" in body(browser.get(url("contacts", "acme.example")))
    assert browser.get(url("contact", "acme.example", "chief")).status_code == 404


def test_zones_below_are_made_and_removed(browser: Client, zone: Zone, owner: Actor) -> None:
    answer = browser.post(url("add_zone", "acme.example"), {"name": "dev.acme.example"})
    assert answer["Location"] == url("zone", "dev.acme.example")
    assert browser.post(url("add_zone", "acme.example"), {"name": "dev.globex.example"}).status_code == 422
    assert "dev.acme.example" in body(browser.get(url("zone", "acme.example")))
    assert browser.get(url("remove_zone", "dev.acme.example")).status_code == 200
    assert browser.post(url("remove_zone", "dev.acme.example")).status_code == 303
    assert not Zone.objects.alive().filter(name="dev.acme.example").exists()
    assert browser.post(url("remove_zone", "acme.example")).status_code == 422


def test_foreign_and_missing_names_are_not_found(
    browser: Client, zone: Zone, zoe: Person, globex: Organization, ben: Person, owner: Actor
) -> None:
    make_zone(globex, "globex.example")
    for page in ("overview", "zone", "history", "import", "export", "nameservers", "contacts", "check"):
        assert browser.get(url(page, "globex.example")).status_code == 404
        assert browser.get(url(page, "nothing.example")).status_code == 404
        assert browser.get(url(page, "a..b")).status_code == 404
    stranger = Client()
    stranger.force_login(zoe)
    assert stranger.get(url("zone", "acme.example")).status_code == 404
    assert stranger.get(reverse("domains:zone", args=["globex", "acme.example"])).status_code == 404
    colleague = Client()
    colleague.force_login(ben)
    assert colleague.get(url("zone", "acme.example")).status_code == 404
    assert "/domains/acme.example" not in body(colleague.get(url("list")))
    create_zone(owner, zone.domain, name="dev.acme.example")
    assert (
        browser.get(
            url("edit_record", "dev.acme.example", ZoneRecord.objects.filter(zone=zone)[0].pk)
        ).status_code
        == 404
    )
    assert browser.get(url("add_record", "acme.example") + "?type=LOC").status_code == 404
