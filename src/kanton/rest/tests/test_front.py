"""The front door: addresses, versions, methods, tokens, limits, and an envelope whatever comes in."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kanton.accounts.models import ApiToken, Person
from kanton.config import config
from kanton.core import clock
from kanton.core.api.routing import find
from kanton.organizations.models import Membership, Organization
from kanton.rest import limits
from kanton.rest.oauth.models import ACCESS_PREFIX, AccessToken, Application, Consent
from kanton.rest.testing import ApiClient, Reply, token_for


@pytest.fixture
def client(ana: Person) -> ApiClient:
    return ApiClient(ana)


def refusal(reply: Reply) -> tuple[int, str]:
    """Status and code of an error."""
    return reply.status, reply.code


# --- addresses and versions ----------------------------------------------------------------------------------


@pytest.mark.spec("API-1", "API-23")
def test_an_answer_is_compact_and_in_a_stable_order(db: None) -> None:
    reply = ApiClient().get("/1/ping")
    assert reply.body == b'{"result":"success","data":"pong"}'
    assert reply.headers["Content-Type"] == "application/json"


@pytest.mark.spec("API-4", "API-26")
def test_the_version_stands_in_the_address_and_in_the_answer(client: ApiClient) -> None:
    assert client.get("/1/languages").headers["X-Api-Version"] == "1"
    assert refusal(client.get("/2/languages")) == (404, "method_not_found")
    assert refusal(client.get("/99/languages")) == (404, "method_not_found")
    assert refusal(client.get("/1234567/languages")) == (404, "method_not_found")
    assert client.get("/99/languages").error["description"]


@pytest.mark.spec("API-4")
def test_without_a_version_the_newest_answers(client: ApiClient, echo: None) -> None:
    assert client.get("/languages").data == client.get("/1/languages").data
    reply = client.get("/ping")
    assert (reply.data, reply.headers["X-Api-Version"]) == ("newer", "9")
    assert client.get("/1/ping").data == "pong"


def test_without_a_version_and_without_a_token_a_page_answers(db: None) -> None:
    assert ApiClient()._front.answer({"REQUEST_METHOD": "GET", "PATH_INFO": "/languages"}) is None
    assert ApiClient()._front.answer({"REQUEST_METHOD": "GET", "PATH_INFO": "/login"}) is None


@pytest.mark.spec("API-23")
def test_a_program_never_meets_html(client: ApiClient) -> None:
    assert refusal(client.get("/nothing/here")) == (404, "method_not_found")
    assert refusal(client.get("/1/")) == (404, "method_not_found")
    assert refusal(client.get("/1//ping")) == (404, "method_not_found")
    assert client.get("/1/ping/").data == "pong"
    assert refusal(client.get("/1/languages/3/none")) == (404, "method_not_found")


def test_fixed_words_of_an_address_go_before_places() -> None:
    found = find(2, ["domains", "domains", "acme.ch"])
    assert found is not None
    assert found[0]["GET"].template == "/2/domains/domains/{domain}"
    found = find(2, ["domains", "domains", "zones"])
    assert found is not None
    assert found[1] == ("zones",)


# --- methods -------------------------------------------------------------------------------------------------


@pytest.mark.spec("API-5", "API-24")
def test_other_methods_are_refused_and_the_right_ones_named(client: ApiClient) -> None:
    reply = client.delete("/1/languages")
    assert refusal(reply) == (405, "method_not_allowed")
    assert reply.headers["Allow"] == "GET"
    assert refusal(client.call("OPTIONS", "/1/languages")) == (405, "method_not_allowed")


def test_a_post_can_mean_another_method(client: ApiClient) -> None:
    for reply in (
        client.post("/1/languages/3", X_HTTP_METHOD_OVERRIDE="delete"),
        client.post("/1/languages/3", {"_method": "DELETE"}),
        client.post("/1/languages/3?_method=DELETE"),
        client.post("/1/languages/3", b"_method=DELETE", CONTENT_TYPE="application/x-www-form-urlencoded"),
    ):
        assert refusal(reply) == (405, "method_not_allowed")
    assert client.post("/1/languages/3", X_HTTP_METHOD_OVERRIDE="GET").data["short_name"] == "de"
    assert refusal(client.post("/1/languages/3", {"_method": "EAT"})) == (422, "validation_failed")


def test_head_is_get_without_its_body(client: ApiClient) -> None:
    reply = client.call("HEAD", "/1/languages/3")
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["Content-Length"]) == len(client.get("/1/languages/3").body)


# --- tokens --------------------------------------------------------------------------------------------------


@pytest.mark.spec("API-24")
def test_without_a_good_token_nothing_is_told(ana: Person) -> None:
    nobody = ApiClient()
    for headers in (
        {},
        {"AUTHORIZATION": "Bearer wrong"},
        {"AUTHORIZATION": "Basic eDp5"},
        {"AUTHORIZATION": "Bearer"},
    ):
        reply = nobody.get("/1/languages", **headers)
        assert refusal(reply) == (401, "not_authorized")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert nobody.get("/1/ping").data == "pong"
    assert refusal(nobody.get("/1/ping", AUTHORIZATION="Bearer wrong")) == (401, "not_authorized")


@pytest.mark.spec("API-18")
def test_a_token_is_kept_as_a_hash_and_dies_at_once(ana: Person) -> None:
    client = ApiClient(ana)
    row = ApiToken.objects.get()
    assert client.token not in (row.digest, row.hint, row.name)
    assert client.get("/1/languages").status == 200
    row.refresh_from_db()
    assert row.last_used_at is not None
    row.revoked_at = clock.now()
    row.save()
    assert refusal(client.get("/1/languages")) == (401, "not_authorized")


@pytest.mark.spec("API-18")
def test_a_token_expires_and_falls_asleep(ana: Person) -> None:
    now = clock.now()
    expired = token_for(ana, expires_at=now - timedelta(seconds=1))
    asleep = token_for(ana, created_at=now - timedelta(days=800), last_used_at=now - timedelta(days=366))
    awake = token_for(ana, created_at=now - timedelta(days=800), last_used_at=now - timedelta(days=300))
    assert ApiClient(token=expired).get("/1/languages").status == 401
    assert ApiClient(token=asleep).get("/1/languages").status == 401
    assert ApiClient(token=awake).get("/1/languages").status == 200


@pytest.mark.spec("API-19")
def test_a_blocked_person_has_no_token(ana: Person, client: ApiClient) -> None:
    ana.is_active = False
    ana.save()
    assert client.get("/1/languages").status == 401


@pytest.mark.spec("API-19")
def test_who_leaves_an_organization_loses_it_with_the_next_request(
    ana: Person, ben: Person, acme: Organization
) -> None:
    client = ApiClient(ben)
    assert client.get(f"/1/accounts/{acme.pk}/products").status == 200
    Membership.objects.filter(person=ben).update(suspended_at=clock.now())
    assert client.get(f"/1/accounts/{acme.pk}/products").status == 404
    Membership.objects.filter(person=ben).delete()
    assert client.get(f"/1/accounts/{acme.pk}/products").status == 404


@pytest.mark.spec("API-18")
def test_a_scope_opens_its_requests_only(ana: Person, acme: Organization) -> None:
    narrow = ApiClient(ana, scopes=("dns:read",))
    reply = narrow.get("/1/async/tasks")
    assert refusal(reply) == (401, "not_authorized")
    assert reply.error["context"] == {"scopes": "accounts:read"}
    assert narrow.get("/1/languages").status == 200
    assert ApiClient(ana, scopes=("accounts",)).get("/1/async/tasks").status == 200
    assert ApiClient(ana, scopes=("all",)).get("/1/async/tasks").status == 200


# --- the limit -----------------------------------------------------------------------------------------------


@pytest.mark.spec("API-7", "API-25")
def test_the_sixty_first_request_waits_and_refused_ones_do_not_count(client: ApiClient) -> None:
    present = clock.now()
    with clock.travel(present):
        replies = [client.get("/1/languages/3") for _ in range(60)]
        assert {reply.status for reply in replies} == {200}
        assert [reply.headers["X-RateLimit-Remaining"] for reply in replies] == [
            str(59 - n) for n in range(60)
        ]
        assert {reply.headers["X-RateLimit-Limit"] for reply in replies} == {"60"}
        for _ in range(30):
            reply = client.get("/1/languages/3")
            assert refusal(reply) == (429, "too_many_requests")
            assert 55 <= int(reply.headers["Retry-After"]) <= 60
            assert reply.headers["X-RateLimit-Remaining"] == "0"
    with clock.travel(present + timedelta(seconds=61)):
        assert client.get("/1/languages/3").status == 200


@pytest.mark.spec("API-25")
def test_a_second_token_has_its_own_limit_but_many_tokens_share_one(ana: Person) -> None:
    clients = [ApiClient(ana) for _ in range(6)]
    with clock.travel(clock.now()):
        answered = sum(client.get("/1/ping").status == 200 for client in clients for _ in range(60))
    assert answered == 300
    assert ApiClient(ana).get("/1/ping").status == 429


@pytest.mark.spec("API-25")
def test_applications_share_the_limit_of_the_person_with_tokens(ana: Person, acme: Organization) -> None:
    application = Application.objects.create(organization=acme, name="Intranet", scopes=["user_info"])
    consent = Consent.objects.create(application=application, person=ana, scopes=["user_info"])
    _row, secret = AccessToken.issue(
        ACCESS_PREFIX, timedelta(hours=1), consent=consent, scopes=consent.scopes
    )
    clients = [ApiClient(ana) for _ in range(5)]
    with clock.travel(clock.now()):
        assert ApiClient(token=secret).get("/1/ping").status == 200
        answered = sum(client.get("/1/ping").status == 200 for client in clients for _ in range(60))
    assert answered == 299


def test_wrong_tokens_are_counted_by_address(db: None) -> None:
    guesser = ApiClient(token="wrong")
    statuses = [guesser.get("/1/languages").status for _ in range(config.api.anonymous_per_minute + 1)]
    assert statuses == [401] * config.api.anonymous_per_minute + [429]
    assert ApiClient(token="wrong", address="192.0.2.77").get("/1/languages").status == 401


def test_a_higher_limit_is_counted_over_less_time() -> None:
    assert (limits.rule("k", 60).limit, limits.rule("k", 60).per) == (60, timedelta(minutes=1))
    quick = limits.rule("k", 6000)
    assert quick.limit <= limits.MOST_IN_WINDOW
    assert quick.limit / quick.per.total_seconds() == pytest.approx(100)


# --- bad input -----------------------------------------------------------------------------------------------


@pytest.mark.spec("API-23", "API-24")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"name":', (400, "bad_request")),
        (b"\xff\xfe", (400, "bad_request")),
        (b"[" * 500 + b"]" * 500, (400, "bad_request")),
        (b"NaN", (400, "bad_request")),
        (b"[]", (422, "validation_failed")),
        (b"null", (422, "validation_failed")),
        (b'"text"', (422, "validation_failed")),
        (b"{}", (422, "validation_failed")),
        (b'{"name": 3, "size": 1}', (422, "validation_failed")),
        (b'{"name": "a", "size": "x"}', (422, "validation_failed")),
        (b'{"name": "a", "size": 123456789012345678901234567890}', (422, "validation_failed")),
        (b'{"name": "a\\u0000b", "size": 1}', (422, "validation_failed")),
        (b'{"name": "\\ud800", "size": 1}', (400, "bad_request")),
        (b'{"name": "a", "size": 1, "colour": "pink"}', (422, "validation_failed")),
        (b'{"name": "a", "size": 1, "ratio": 1e999}', (422, "validation_failed")),
        (b'{"na\\u0000me": "a", "name": "a", "size": 1}', (422, "validation_failed")),
    ],
)
def test_a_bad_body_is_told_in_the_envelope(
    client: ApiClient, echo: None, body: bytes, expected: tuple[int, str]
) -> None:
    assert refusal(client.post("/9/echo", body)) == expected


def test_a_validation_error_names_the_attribute_and_what_is_allowed(client: ApiClient, echo: None) -> None:
    error = client.post("/9/echo", {"size": 0, "colour": "pink"}).error
    assert error["description"] == "Validation failed"
    assert {(each["code"], each["context"]["attribute"]) for each in error["errors"]} == {
        ("attribute_required", "name"),
        ("validation_rule_min", "size"),
        ("validation_rule_in", "colour"),
    }
    (of_colour,) = [each for each in error["errors"] if each["context"]["attribute"] == "colour"]
    assert of_colour["context"]["values"] == ["red", "green"]


@pytest.mark.spec("API-24")
def test_too_much_is_413_and_another_type_is_415(client: ApiClient, echo: None) -> None:
    size = config.api.max_body_bytes
    assert refusal(client.post("/9/echo", b" " * (size + 1))) == (413, "request_too_large")
    assert refusal(client.post("/9/echo", b"x", CONTENT_LENGTH="999999999999999999")) == (
        413,
        "request_too_large",
    )
    assert refusal(client.post("/9/echo", b"x", CONTENT_LENGTH="-1")) == (400, "bad_request")
    assert refusal(client.post("/9/echo", b"<a/>", CONTENT_TYPE="text/xml")) == (
        415,
        "unsupported_media_type",
    )
    chunked = client.post(
        "/9/echo", b'{"name": "a", "size": 1}', CONTENT_LENGTH="", TRANSFER_ENCODING="chunked"
    )
    assert chunked.data["name"] == "a"
    endless = client.post("/9/echo", b" " * (size + 1), CONTENT_LENGTH="", TRANSFER_ENCODING="chunked")
    assert refusal(endless) == (413, "request_too_large")


def test_odd_types_around_an_empty_body_are_accepted(client: ApiClient, echo: None) -> None:
    assert client.get("/1/languages/3", CONTENT_TYPE="application/json").status == 200
    assert client.delete("/9/echo/5", CONTENT_TYPE="application/json").data == 5
    assert client.delete("/9/echo/5", CONTENT_TYPE="").data == 5
    assert client.delete("/9/echo/5", b"  \n", CONTENT_TYPE="nonsense").data == 5


def test_forms_and_json_under_other_types_are_read(client: ApiClient, echo: None) -> None:
    form = "application/x-www-form-urlencoded"
    for reply in (
        client.post("/9/echo", b"name=a+%C3%A9&size=3", CONTENT_TYPE=form),
        client.post("/9/echo", '{"name":"a é","size":3}'.encode(), CONTENT_TYPE=form),
        client.post("/9/echo", '{"name":"a é","size":"3"}'.encode(), CONTENT_TYPE=""),
        client.post(
            "/9/echo", '{"name":"a é","size":3}'.encode(), CONTENT_TYPE="application/json; charset=utf-8"
        ),
    ):
        assert (reply.data["name"], reply.data["size"]) == ("a é", 3)


def test_unknown_attributes_are_passed_over(client: ApiClient, echo: None) -> None:
    assert client.post("/9/echo", {"name": "a", "size": 1, "source_idn": "x"}).data["name"] == "a"


def test_numbers_in_addresses_that_are_none_lead_nowhere(client: ApiClient) -> None:
    for number in ("x", "-1", "1.5", "9" * 19, "9" * 400, "%00", "٣"):
        assert refusal(client.get(f"/1/languages/{number}")) == (404, "object_not_found")


def test_a_bad_query_is_told_in_the_envelope(client: ApiClient) -> None:
    assert refusal(client.get("/1/countries?search=%ff")) == (400, "bad_request")
    assert refusal(client.get("/1/countries?search=%00")) == (422, "validation_failed")
    assert refusal(client.get("/1/countries?" + "&".join("a=1" for _ in range(600)))) == (400, "bad_request")
    assert refusal(client.get("/1/countries?filter[a][b][c][d][e][f]=1")) == (400, "bad_request")
    assert refusal(client.get("/1/countries?only_enabled=perhaps")) == (422, "validation_failed")
    assert refusal(client.get("/1/countries?only_enabled_exception[]=99999999999999999999")) == (
        422,
        "validation_failed",
    )


text = st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=0x2FF), max_size=40)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
    path=st.one_of(text, st.sampled_from(["languages", "products", "countries/308", "echo", "echo/1"])),
    query=text,
    body=st.one_of(st.binary(max_size=60), st.builds(lambda each: json.dumps(each).encode(), st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=6,
    ))),
    kind=st.sampled_from(["", "application/json", "application/x-www-form-urlencoded", "text/html", "x"]),
)  # fmt: skip
def test_whatever_comes_in_an_envelope_goes_out(
    client: ApiClient, echo: None, monkeypatch: pytest.MonkeyPatch, method: str, path: str, query: str,
    body: bytes, kind: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("kanton.rest.limits.config", _Generous())
    place = "/9/" + path.replace("?", "")
    client.call(
        method, f"{place}?{query}", body, CONTENT_TYPE=kind
    )  # the client itself fails on 5xx and on HTML


class _Generous:
    """A configuration under which a property test is not refused."""

    class api:
        requests_per_minute = 1_000_000
        anonymous_per_minute = 1_000_000


@pytest.mark.spec("API-23")
def test_our_own_mistake_is_an_envelope_and_is_noted(
    client: ApiClient, echo: None, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.CRITICAL, logger="kanton.api"),
        pytest.raises(AssertionError, match="unexpected_error"),
    ):
        client.get("/9/broken")
    answer = client._front.answer(
        {"REQUEST_METHOD": "GET", "PATH_INFO": "/9/broken", "HTTP_AUTHORIZATION": f"Bearer {client.token}"}
    )
    assert answer is not None
    assert answer.status == 500
    assert b"secret detail" not in answer.body
    assert "secret detail" in caplog.text


# --- in front of the pages -----------------------------------------------------------------------------------


@pytest.mark.spec("API-5")
def test_pages_and_api_share_one_host(ana: Person) -> None:
    browser = Client()
    assert browser.get("/login").headers["Content-Type"].startswith("text/html")
    secret = token_for(ana)
    answer = browser.get("/1/languages/3", headers={"Authorization": f"Bearer {secret}"})
    assert answer.json()["data"]["locale"] == "de_DE"
    assert "Set-Cookie" not in answer.headers
    assert browser.get("/1/languages/3").status_code == 401


def test_a_signed_in_browser_is_no_token(ana: Person) -> None:
    browser = Client()
    browser.force_login(ana)
    assert browser.get("/1/products").status_code == 401
