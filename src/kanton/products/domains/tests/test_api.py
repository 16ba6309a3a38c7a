"""The API of zones, records and domains: all three families, shapes, key order, codes, foreign names."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.core.jobs.testing import run_jobs
from kanton.organizations.models import Organization
from kanton.products.domains.actions import create_record, import_zone
from kanton.products.domains.models import Domain, Zone, ZoneRecord
from kanton.products.domains.registrars.sandbox import SandboxRegistrar
from kanton.products.domains.tests.factories import make_service, make_zone
from kanton.products.domains.tests.name_server import Running
from kanton.rest.testing import ApiClient
from kanton.testing import acting

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(ana: Person) -> ApiClient:
    return ApiClient(ana)


def add(api: ApiClient, zone: str = "acme.example", **fields: Any) -> Any:
    body = {"source": "www", "type": "A", "target": "192.0.2.7", "ttl": 300} | fields
    return api.post(f"/2/zones/{zone}/records", body)


# --- the newest family ------------------------------------------------------------------------------------------


def test_a_zone_exists_or_not(api: ApiClient, zone: Zone, zoe: Person, globex: Organization) -> None:
    assert api.get("/2/zones/acme.example/exists").data is True
    assert api.get("/2/zones/ACME.example/exists").data is True
    for name in ("_acme-challenge.acme.example", "globex.example", "a..b", "x" * 300):
        missing = api.get(f"/2/zones/{name}/exists")
        assert (missing.status, missing.code) == (404, "object_not_found")
        assert missing.error["context"]["model"] == "zone"
    assert ApiClient(zoe).get("/2/zones/acme.example/exists").status == 404


def test_the_text_of_answers_has_the_order_that_shell_clients_read(api: ApiClient, zone: Zone) -> None:
    made = add(api, target="192.0.2.7", ttl=300)
    assert made.body.decode().startswith(
        f'{{"result":"success","data":{{"id":{made.data["id"]},"source":"www","source_idn":"www.acme.example",'
        '"type":"A","ttl":300,"target":"192.0.2.7","updated_at":'
    )
    assert (
        api.get("/2/domains/acme.example/zones")
        .body.decode()
        .startswith('{"result":"success","data":[{"fqdn":"acme.example","id":')
    )


def test_a_record_is_added_read_changed_checked_and_removed(
    api: ApiClient, zone: Zone, name_server: Running
) -> None:
    made = add(api).data
    address = f"/2/zones/acme.example/records/{made['id']}"
    assert api.get(address).data == made
    assert api.get(address + "/check").data is False
    run_jobs()
    assert api.get(address + "/check").data is True
    changed = api.put(address, {"target": "192.0.2.8"}).data
    assert (changed["id"], changed["target"], changed["ttl"]) == (made["id"], "192.0.2.8", 300)
    assert api.put(address, {"ttl": 600}).data["ttl"] == 600
    whole = api.put(address, {"id": 1, "source": "www", "type": "A", "target": "192.0.2.9", "ttl": 60}).data
    assert (whole["id"], whole["target"], whole["ttl"]) == (made["id"], "192.0.2.9", 60)
    assert api.delete(address).data is True
    assert api.get(address).status == 404
    assert api.delete(address).code == "object_not_found"


@pytest.mark.parametrize("source", ["", ".", None, "@", "acme.example", "acme.example."])
def test_the_apex_in_all_its_forms(api: ApiClient, zone: Zone, source: str | None) -> None:
    made = add(api, source=source).data
    assert (made["source"], made["source_idn"]) == (".", "acme.example")


def test_a_missing_source_is_the_apex_and_a_full_one_is_cut(api: ApiClient, zone: Zone) -> None:
    body = {"type": "A", "target": "192.0.2.7", "ttl": 300}
    assert api.post("/2/zones/acme.example/records", body).data["source"] == "."
    assert add(api, source="_acme-challenge.www.acme.example", type="TXT", target="abc").data["source"] == (
        "_acme-challenge.www"
    )


@pytest.mark.parametrize(
    ("type", "sent", "answered"),
    [
        ("MX", "10 mail.globex.example.", "10 mail.globex.example"),
        ("CNAME", "www.globex.example", "www.globex.example"),
        ("SRV", "0 5 5060 sip.globex.example", "0 5 5060 sip.globex.example"),
        ("CAA", '0 issue "letsencrypt.org"', '0 issue "letsencrypt.org"'),
        ("TXT", "value", '"value"'),
        ("TXT", '"value"', '"value"'),
    ],
)
def test_targets_as_clients_write_and_read_them(
    api: ApiClient, zone: Zone, type: str, sent: str, answered: str
) -> None:
    assert add(api, source="x", type=type, target=sent).data["target"] == answered


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"target": "192.0.2.300"}, 400, "invalid_dns_record"),
        ({"source": "a..b"}, 400, "invalid_dns_record"),
        ({"type": "LOC"}, 400, "unsupported_dns_record_type"),
        ({"source": "_dmarc", "type": "CNAME", "target": "x.example"}, 400, "dns_record_mutual_exclusion"),
        ({"source": "", "type": "NS", "target": "ns1.alpenhost.example"}, 400, "dns_record_already_exists"),
        ({"ttl": 59}, 422, "validation_failed"),
        ({"ttl": 86_401}, 422, "validation_failed"),
        ({"ttl": "soon"}, 422, "validation_failed"),
        ({"target": None}, 422, "validation_failed"),
        ({"source": 7}, 422, "validation_failed"),
    ],
)
def test_wrong_records_are_refused_with_their_code(
    api: ApiClient, zone: Zone, fields: dict[str, Any], status: int, code: str
) -> None:
    before = ZoneRecord.objects.count()
    answer = add(api, **fields)
    assert (answer.status, answer.code) == (status, code)
    assert ZoneRecord.objects.count() == before


def test_records_are_listed_filtered_searched_and_paged(api: ApiClient, zone: Zone) -> None:
    for n in range(5):
        add(api, source=f"h{n}", target=f"192.0.2.{n}")
    assert len(api.get("/2/zones/acme.example/records").data) == 11
    found = api.get("/2/zones/acme.example/records?filter[types][]=A&filter[types][]=MX").data
    assert {record["type"] for record in found} == {"A", "MX"}
    assert [r["source"] for r in api.get("/2/zones/acme.example/records?filter[source]=h3").data] == ["h3"]
    assert len(api.get("/2/zones/acme.example/records?filter[source]=.").data) == 4
    assert len(api.get("/2/zones/acme.example/records?search=192.0.2").data) == 5
    assert api.get("/2/zones/acme.example/records?return=total").data == 11
    page = api.get("/2/zones/acme.example/records?page=2&per_page=4&order_by=source&order=desc").json
    assert (page["total"], page["pages"], len(page["data"])) == (11, 3, 4)
    assert api.get("/2/zones/acme.example/records?filter[nonsense]=1").status == 422
    described = api.get("/2/zones/acme.example/records?with=description&filter[types][]=MX").data
    assert described[0]["description"]["priority"] == {"value": 10, "label": "10"}


def test_a_list_costs_the_same_for_many_records(api: ApiClient, zone: Zone, ana: Person) -> None:
    def queries_of_a_list() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            api.get("/2/zones/acme.example/records")
        return len(caught)

    queries_of_a_list()
    few = queries_of_a_list()
    import_zone(acting(ana), zone, text="".join(f"h{n} A 192.0.2.1\n" for n in range(500)))
    assert queries_of_a_list() == few
    assert len(api.get("/2/zones/acme.example/records").data) == 502


def test_zones_are_read_replaced_and_made_below(api: ApiClient, zone: Zone) -> None:
    read = api.get("/2/zones/acme.example?with=skel,records,wish").data
    assert list(read)[:4] == ["id", "fqdn", "dnssec", "nameservers"]
    assert read["nameservers"] == ["ns1.alpenhost.example", "ns2.alpenhost.example"]
    assert read["wish"]["state"] == "pending"
    assert len(read["records"]) == 6
    assert "nothing" not in api.get("/2/zones/acme.example").data
    skel = read["skel"].replace("mail.alpenhost.example.", "mx.globex.example.")
    replaced = api.put("/2/zones/acme.example?with=skel", {"skel": skel}).data
    assert "mx.globex.example." in replaced["skel"]
    wrong = api.put("/2/zones/acme.example", {"skel": "www A 192.0.2.300"})
    assert (wrong.status, wrong.code) == (400, "invalid_dns_record")
    assert api.put("/2/zones/acme.example", {}).status == 422
    made = api.post("/2/zones/dev.acme.example", {"skel": "www A 192.0.2.7\n"}).data
    assert made["fqdn"] == "dev.acme.example"
    assert api.post("/2/zones/dev.acme.example").code == "zone_already_exists"
    assert api.post("/2/zones/x.globex.example").status == 404
    assert api.delete("/2/zones/dev.acme.example").data is True
    assert api.delete("/2/zones/acme.example").code == "cannot_delete_object"
    bad = api.get("/2/zones/acme.example?with=nonsense")
    assert (bad.status, bad.code) == (422, "validation_failed")


@pytest.mark.spec("API-29", "DOM-40")
def test_a_zone_file_made_from_an_older_version_overwrites_nothing(api: ApiClient, zone: Zone) -> None:
    path = "/2/zones/acme.example"
    read = api.get(path)
    add(api, source="www", target="192.0.2.7")
    before = api.get(f"{path}?with=records").data
    late = api.put(path, {"skel": "ftp A 192.0.2.9", "version": read.data["version"]})
    assert (late.status, late.code) == (409, "conflict_error")
    assert "www A 192.0.2.7" in late.error["description"]
    stale = api.put(path, {"skel": "ftp A 192.0.2.9"}, IF_MATCH=read.headers["ETag"])
    assert (stale.status, stale.code) == (412, "precondition_failed")
    assert api.get(f"{path}?with=records").data == before
    assert api.put(path, {"skel": "", "version": -1}).status == 422

    made = api.put(f"{path}?with=skel", {"skel": "ftp A 192.0.2.9", "version": before["version"]})
    assert made.status == 200
    assert made.data["version"] == before["version"] + 1
    fresh = api.get(path)
    assert api.put(path, {"skel": "ftp A 192.0.2.10"}, IF_MATCH=fresh.headers["ETag"]).status == 200
    assert api.put(path, {"skel": "ftp A 192.0.2.11"}).status == 200, "clients that know of no version go on"


@pytest.mark.parametrize(
    "name", ["acme.example", "www.acme.example", "_acme-challenge.a.b.acme.example", "ACME.example"]
)
@pytest.mark.parametrize("path", ["/2/domains/{}/zones", "/2/domains/domains/{}/zones"])
def test_zone_search_takes_deep_names(api: ApiClient, zone: Zone, name: str, path: str) -> None:
    found = api.get(path.format(name)).data
    assert [each["fqdn"] for each in found] == ["acme.example"]


def test_zone_search_of_foreign_names_finds_nothing(
    api: ApiClient, zone: Zone, zoe: Person, globex: Organization
) -> None:
    assert api.get("/2/domains/globex.example/zones").status == 404
    assert ApiClient(zoe).get("/2/domains/acme.example/zones").status == 404


def test_history_is_read_and_brought_back(api: ApiClient, zone: Zone) -> None:
    number = Zone.objects.get().version
    add(api)
    versions = api.get("/2/zones/acme.example/versions").data
    assert (versions[0]["number"], versions[0]["added"]) == (number + 1, ["www 300 A 192.0.2.7"])
    assert versions[0]["by"] == "Ana Keller"
    difference = api.get(f"/2/zones/acme.example/versions/{number}").data
    assert difference["removed"] == ["www 300 A 192.0.2.7"]
    api.post(f"/2/zones/acme.example/versions/{number}/restoration")
    assert not ZoneRecord.objects.filter(name="www.acme.example").exists()
    assert api.get("/2/zones/acme.example/versions/99").status == 404
    assert api.post("/2/zones/acme.example/versions/99/restoration").status == 422


def test_several_records_are_removed_together(api: ApiClient, zone: Zone) -> None:
    first, second = (add(api, target=f"192.0.2.{n}").data["id"] for n in (1, 2))
    assert api.delete("/2/zones/acme.example/records", {"ids": [first, 999_999]}).status == 404
    assert ZoneRecord.objects.filter(pk=first).exists()
    assert api.delete("/2/zones/acme.example/records", {"ids": [first, second]}).data is True
    assert not ZoneRecord.objects.filter(pk__in=[first, second]).exists()


def test_hints_and_a_dry_run(api: ApiClient, zone: Zone) -> None:
    assert api.get("/2/zones/acme.example/hints").data == []
    before = ZoneRecord.objects.count()
    answer = api.post(
        "/2/zones/acme.example/records?dry_run=1",
        {"source": "www", "type": "CNAME", "target": "gone.acme.example", "ttl": 300},
    )
    assert answer.status == 200
    assert ZoneRecord.objects.count() == before
    add(api, type="CNAME", target="gone.acme.example")
    assert [hint["code"] for hint in api.get("/2/zones/acme.example/hints").data] == ["target_missing"]


def test_a_token_without_the_scope_is_refused(ana: Person, zone: Zone) -> None:
    reader = ApiClient(ana, scopes=("domain:read", "dns:read"))
    assert reader.get("/2/zones/acme.example/records").status == 200
    assert reader.get("/2/domains/acme.example/zones").status == 200
    refused = add(reader)
    assert refused.status in (401, 403)
    writer = ApiClient(ana, scopes=("domain:read", "dns:read", "dns:write"))
    assert add(writer).status == 200
    assert ApiClient(ana, scopes=("mail",)).get("/2/zones/acme.example/records").status in (401, 403)


def test_a_colleague_without_grants_sees_no_zone(zone: Zone, ben: Person) -> None:
    colleague = ApiClient(ben)
    assert colleague.get("/2/zones/acme.example/records").status == 404
    assert colleague.get("/2/domains/domains").data == []


def test_an_idn_zone_is_found_by_both_forms(api: ApiClient, acme: Organization) -> None:
    make_zone(acme, "xn--bcher-kva.example")
    for name in ("xn--bcher-kva.example", "bücher.example"):
        assert api.get(f"/2/zones/{name}/exists").data is True
    made = add(api, zone="xn--bcher-kva.example").data
    assert made["source_idn"] == "www.bücher.example"


# --- domains ----------------------------------------------------------------------------------------------------


def test_domains_are_listed_with_what_clients_read(
    api: ApiClient, zone: Zone, acme: Organization, globex: Organization
) -> None:
    make_zone(acme, "second.example")
    (first, second) = api.get("/2/domains/domains").data
    assert list(first)[:8] == [
        "name",
        "tld",
        "is_premium",
        "created_at",
        "expires_at",
        "options",
        "contacts",
        "status",
    ]
    assert first["options"] == {
        "dns_anycast": False,
        "renewal_warranty": False,
        "domain_privacy": True,
        "dnssec": False,
    }
    assert first["contacts"]["owner"]["company"] == "Acme"
    assert api.get("/2/domains/domains/acme.example").data == first
    assert api.get(f"/2/domains/domains?account_id={acme.pk}&search=sec").data == [second]
    assert api.get(f"/2/domains/domains?account_id={globex.pk}").status == 404
    assert api.get("/2/domains/domains?tld=ch").data == []
    assert len(api.get("/2/domains/domains?tld=example&order_by=expiration&order_dir=desc").data) == 2
    assert api.get(f"/2/domains/domains?expires_before={first['created_at']}").data == []
    assert len(api.get(f"/2/domains/domains?expires_after={first['created_at']}").data) == 2
    assert api.get("/2/domains/domains/globex.example").status == 404


@pytest.mark.spec("DOM-29", "DOM-31")
def test_name_servers_lock_and_contacts(
    api: ApiClient, acme: Organization, registry: SandboxRegistrar, name_server: Running
) -> None:
    make_service(acme, "acme.example")
    run_jobs()
    servers = ["ns1.globex.example", "ns2.globex.example"]
    for path in ("/2/domains/acme.example/nameservers", "/2/domains/domains/acme.example/nameservers"):
        assert api.put(path, {"nameservers": servers}).data is True
        run_jobs()
        found = registry.info("acme.example")
        assert found is not None
        assert list(found.nameservers) == servers
        record = ZoneRecord.objects.filter(type="MX").get()
        elsewhere = api.get(f"/2/zones/acme.example/records/{record.pk}/check")
        assert (elsewhere.status, elsewhere.code) == (400, "zone_not_managed_by_infomaniak_dns")
        assert api.put(path, {"use_infomaniak_ns": True}).data is True
        run_jobs()
    assert api.put("/2/domains/acme.example/nameservers", {"nameservers": ["x"]}).status == 422
    assert api.put("/2/domains/domains/acme.example/transfer-lock", {"is_locked": False}).data is True
    contact = api.put("/2/domains/domains/acme.example/contacts/tech", {"city": "Thun"}).data
    assert (contact["city"], contact["company"]) == ("Thun", "Acme")
    assert api.put("/2/domains/domains/acme.example/contacts/chief", {"city": "Thun"}).status == 404
    assert api.put("/2/domains/domains/acme.example/contacts/tech", {"email": "x"}).status == 422
    run_jobs()
    domain = api.get("/2/domains/domains/acme.example").data
    assert (domain["is_locked"], domain["wish"]["state"]) == (False, "done")
    assert api.get("/2/domains/acme.example/dnssec/check").data["has_dnssec"] is False


def test_extensions(api: ApiClient) -> None:
    assert {"id", "tld", "periods", "groups", "support", "fields"} == set(api.get("/2/tld/ch").data)
    assert len(api.get("/2/tld").data) > 10
    assert api.get("/2/tld/nonsense").status == 404


# --- the older family -------------------------------------------------------------------------------------------


def test_the_older_family_from_product_to_record(api: ApiClient, zone: Zone, acme: Organization) -> None:
    (product,) = api.get("/1/product?service_name=domain&customer_name=acme.example").data
    assert product["customer_name"] == "acme.example"
    assert api.get("/1/product?service_name=domain&customer_name=globex.example").data == []
    root = f"/1/domain/{product['id']}/dns/record"
    number = api.post(root, {"source": "x", "type": "TXT", "target": "hello"}).data
    assert isinstance(number, str)
    read = api.get(f"{root}/{number}").data
    assert read == {
        "id": int(number),
        "source": "x",
        "source_idn": "x.acme.example",
        "type": "TXT",
        "ttl": 3600,
        "target": "hello",
        "target_idn": "hello",
    }
    assert read in api.get(root).data
    assert api.put(f"{root}/{number}", {"source": "y.acme.example", "target": "bye", "ttl": 300}).data is True
    read = api.get(f"{root}/{number}").data
    assert (read["source_idn"], read["target_idn"], read["ttl"]) == ("y.acme.example", "bye", 300)
    assert api.delete(f"{root}/{number}").data is True
    assert api.get(f"{root}/{number}").status == 404
    assert api.get("/1/domain/999999/dns/record").status == 404
    domains = api.get(f"/1/domain/account/{acme.pk}").data
    assert domains == [
        {
            "id": product["id"],
            "customer_name": "acme.example",
            "has_dnssec": False,
            "is_dns_managed_by_infomaniak": True,
        }
    ]
    assert Domain.objects.get().service_id == product["id"]


def test_records_that_came_by_hand_and_by_program_are_the_same(
    api: ApiClient, zone: Zone, ana: Person
) -> None:
    row = create_record(acting(ana), zone, source="www", type="A", target="192.0.2.7", ttl=300)
    assert api.get(f"/2/zones/acme.example/records/{row.pk}").data["target"] == "192.0.2.7"
    assert add(api).code == "dns_record_already_exists"
