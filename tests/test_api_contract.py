"""The routes against the facts of the public API that clients were written for.

`contract/endpoints.json` and `contract/resources.json` hold those facts for the parts that Kanton has. Here the
description that our routes write of themselves is compared with them: status, query, body, and every attribute of the
answers. That the answers are as described is checked elsewhere, by each room's ApiClient and by schemathesis.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kanton.core.api import ROUTES
from kanton.core.api.query import STANDARD
from kanton.rest.loading import load_routes
from kanton.rest.openapi import description

FACTS = Path(__file__).parent / "contract"
STANDARD_OF_LISTS = {
    "page",
    "per_page",
    "limit",
    "skip",
    "return",
    "order_by",
    "order",
    "order_for",
    "search",
}

# Known faults of the description (api-compat.md, sections 1 and 11), put right: the type of `data`, or of an attribute.
CORRECTED: dict[str, Any] = {
    "GET /1/accounts/{}/products": "Product[]",
    "GET /1/accounts/current/products": "Product[]",
    "GET /2/accounts/{}/users": "Userorpendinguser[]",
    "GET /2/domains/{}/zones": "any",
    "GET /1/accounts/{}/basic/teams": "any",
}
CORRECTED_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "MailboxRedirection": {
        "is_enabled": "boolean",
        "has_dont_deliver": "boolean",
        "has_forward_spam": "boolean",
    },
    "UserProfile": {"emails~": "any"},
    "Userorpendinguser": {"teams~": "any"},
}

# What belongs to products and features that Kanton does not have yet. A client may send such an attribute, and it is
# passed over; such a filter is refused with 422, because a filter that is passed over would lie. `role_type` is the
# other way round: our external users are a role that those clients do not know.
NOT_YET: dict[str, str] = {
    # Teams belong to the organization and to nobody in it.
    "GET /1/accounts/{account}/teams": "filter[created_by_ids] filter[owned_by_ids]",
    "POST /1/accounts/{account}/teams": "owned_by_id",
    "PATCH /1/accounts/{account}/teams/{team}": "owned_by_id",
    "GET /1/accounts/current/products": "filter[expirations]",
    "GET /1/accounts/{account_id}/products": "filter[expirations]",
    "GET /2/accounts/{account}/users": "with filter[drive_id] filter[has_billing_access] filter[has_empty_access]"
    " filter[has_kchat] filter[has_ksuite] filter[has_no_app_access] filter[invitation_status] filter[mail_ids]"
    " filter[team_ids]",
    "PATCH /2/profile": "birth_at current_account_id keep_session_ids reminder_email reminder_phone"
    " successful_connexion_notification unsuccessful_connexion_limit unsuccessful_connexion_notification"
    " unsuccessful_connexion_rate_limit",
    "GET /1/accounts/{account}/invitations/{invitation}": "with role_type",
    "POST /1/accounts/{account}/invitations": "with notifications silent strict teams role_type",
    "PATCH /1/accounts/{account}/invitations/{invitation}": "has_billing_mailing has_mailing permissions role_type",
    "GET /2/domains/{domain}/dnssec/check": "ksk",
    "GET /1/mail_hostings/accesses/webmail": "with",
    "GET /1/mail_hostings/{mail_hosting_id}/mailboxes": "filter[has_anti_spam] filter[has_responder]"
    " filter[is_using_imap] filter[is_using_pop3] filter[last_login_at]",
    "GET /1/mail_hostings/{mail_hosting_id}/mailboxes/{mailbox_name}/accesses/devices": "with no_user type user_id",
    "GET /1/mail_hostings/{mail_hosting_id}/mailboxes/{mailbox_name}/users": "with",
    "POST /1/mail_hostings/{mail_hosting_id}/mailboxes": "with random_delivery_host signature_model_id target",
    "POST /1/mail_hostings/{mail_hosting_id}/mailboxes/{mailbox_name}/accesses/devices": "device_id device_uid user_id",
    "POST /1/mail_hostings/{mail_hosting_id}/mailboxes/{mailbox_name}/auth/invitations": "firstname force_email"
    " lastname send_email signature_template_id",
}

Json = dict[str, Any]


def plain(template: str) -> str:
    """The address with nameless places: /1/accounts/{}/teams."""
    return re.sub(r"\{[^}]*\}", "{}", template)


@cache
def facts() -> dict[str, Json]:
    """The facts by "METHOD path"."""
    told = json.loads((FACTS / "endpoints.json").read_text())["endpoints"]
    return {f"{each['method']} {plain(each['path'])}": each for each in told}


@cache
def resources() -> Json:
    """The attributes of each resource, by name without area."""
    told = json.loads((FACTS / "resources.json").read_text())["resources"]
    return {
        plain_name: attributes | CORRECTED_ATTRIBUTES.get(plain_name, {})
        for name, attributes in told.items()
        if (plain_name := name.partition("/")[2])
    }


load_routes()
KNOWN = sorted(
    f"{route.method} {route.template}"
    for route in ROUTES
    if f"{route.method} {plain(route.template)}" in facts()
)


def route_and_fact(key: str) -> tuple[Any, Json, Json]:
    """Route, operation of the description, and fact."""
    method, _space, template = key.partition(" ")
    (route,) = [each for each in ROUTES if (each.method, each.template) == (method, template)]
    return route, description()["paths"][template][method.lower()], facts()[f"{method} {plain(template)}"]


def test_the_contract_speaks_of_many_of_our_routes() -> None:
    assert len(KNOWN) >= 30


@pytest.mark.spec("API-5")
@pytest.mark.parametrize("key", KNOWN)
def test_success_has_the_status_that_clients_expect(key: str) -> None:
    route, _operation, fact = route_and_fact(key)
    assert str(route.status) in fact["success"]


@pytest.mark.parametrize("key", KNOWN)
def test_every_query_name_of_the_interface_is_taken(key: str) -> None:
    route, operation, fact = route_and_fact(key)
    taken = {
        parameter["name"].removesuffix("[]")
        for parameter in operation["parameters"]
        if parameter["in"] == "query"
    }
    missing = []
    for asked in fact.get("query", ()):
        name = asked["name"]
        if name == "with":
            if not route.withs and has_optional(fact):
                missing.append("with")
        elif "fields" in asked:
            missing += [
                f"{name}[{field.rstrip('~')}]"
                for field in asked["fields"]
                if f"{name}[{field.rstrip('~')}]" not in taken
            ]
        elif name in STANDARD_OF_LISTS:
            if not (route.is_list or name in STANDARD):
                missing.append(name)
        elif name not in taken and name not in STANDARD:
            missing.append(name)
    assert not set(missing) - set(NOT_YET.get(key, "").split()), f"{key} does not take {missing}"


def has_optional(fact: Json) -> bool:
    """Has the answer attributes that are loaded with `with=`?"""
    for answer in fact["success"].values():
        resource = resources().get(str(answer.get("data")).rstrip("[]").removesuffix("[]"))
        if isinstance(resource, dict) and any(name.endswith("~") for name in resource):
            return True
    return False


@pytest.mark.parametrize("key", KNOWN)
def test_every_attribute_of_a_body_is_taken(key: str) -> None:
    _route, operation, fact = route_and_fact(key)
    wanted = fact.get("body")
    if not isinstance(wanted, dict) or not wanted:
        return
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    ours = resolved(schema)
    properties = ours.get("properties", {})
    wrong = [
        f"{name}: {problem}"
        for name, kind in wanted.items()
        for problem in (
            ["is not taken"]
            if name.rstrip("~") not in properties
            else input_problems(kind, properties[name.rstrip("~")])
        )
    ]
    # What clients need not send, we may not ask for.
    wrong += [
        f"{name}: we ask for it, they need not send it"
        for name in ours.get("required", ())
        if f"{name}~" in wanted
    ]
    allowed = NOT_YET.get(key, "").split()
    wrong = [each for each in wrong if each.partition(":")[0].rstrip("~") not in allowed]
    assert not wrong, f"{key}:\n" + "\n".join(wrong)


@pytest.mark.spec("API-26")
@pytest.mark.parametrize("key", KNOWN)
def test_every_attribute_of_an_answer_is_there_with_its_type(key: str) -> None:
    route, operation, fact = route_and_fact(key)
    answer = operation["responses"][str(route.status)]["content"]["application/json"]["schema"]
    data = answer.get("anyOf", [answer])[0]["properties"]["data"]
    told = CORRECTED.get(
        f"{route.method} {plain(route.template)}", next(iter(fact["success"].values())).get("data")
    )
    wrong = [
        each
        for each in problems(told, data, "")
        if each.partition(":")[0] not in NOT_YET.get(key, "").split()
    ]
    assert not wrong, f"{key}:\n" + "\n".join(wrong)


# --- comparing ------------------------------------------------------------------------------------------------


def resolved(schema: Json) -> Json:
    """The schema itself, where it is only named."""
    while "$ref" in schema:
        schema = description()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def kinds(schema: Json) -> list[Json]:
    """The possibilities of a schema, without null."""
    schema = resolved(schema)
    options = [resolved(each) for each in schema.get("anyOf", [schema])]
    return [each for each in options if each.get("type") != "null"]


def problems(told: Any, schema: Json, where: str) -> Iterator[str]:
    """What a client would miss or misread in our answer."""
    options = kinds(schema)
    if told is None or told == "any" or told == "any?":
        return
    if isinstance(told, list):
        lists = [each for each in options if each.get("type") == "array"]
        if not lists:
            yield f"{where}: is no list"
            return
        yield from problems(told[0] if told else "any", lists[0].get("items", {}), where)
        return
    if isinstance(told, dict):
        yield from object_problems(told, options, where)
        return
    name = str(told).removesuffix("?")
    if name.endswith("[]"):
        yield from problems([name.removesuffix("[]")], schema, where)
    elif name in resources():
        yield from problems(resources()[name], schema, where)
    elif name.startswith("<"):
        yield from problems(resources().get(name.strip("<>"), "object"), schema, where)
    elif "|" in name and not name.startswith("enum"):
        if all(list(problems(each, schema, where)) for each in name.split("|")):
            yield f"{where}: is none of {name}"
    else:
        yield from simple_problems(name, options, where)


def object_problems(told: Json, options: list[Json], where: str) -> Iterator[str]:
    objects = [each for each in options if each.get("type") == "object"]
    if not objects:
        yield f"{where}: is no object"
        return
    ours = objects[0]
    properties = ours.get("properties", {})
    if not properties and ours.get("additionalProperties"):
        return
    for name, kind in told.items():
        plain_name = name.rstrip("~")
        place = f"{where}.{plain_name}".lstrip(".")
        if plain_name not in properties:
            if not name.endswith("~"):
                yield f"{place}: is missing"
            continue
        if not name.endswith("~") and plain_name not in ours.get("required", ()):
            yield f"{place}: may be missing"
        yield from problems(kind, properties[plain_name], place)


JSON_TYPES = {
    "string": {"string"},
    "integer": {"integer"},
    "timestamp": {"integer"},
    "number": {"number", "integer"},
    "boolean": {"boolean"},
    "object": {"object"},
    "array": {"array"},
}


def simple_problems(name: str, options: list[Json], where: str) -> Iterator[str]:
    if name.startswith("enum("):
        allowed = set(name[5:-1].split("|"))
        for each in options:
            ours = {str(value) for value in each.get("enum", [each["const"]] if "const" in each else [])}
            if ours - allowed:
                yield f"{where}: {sorted(ours - allowed)} are unknown to clients"
        return
    for each in options:
        kind = each.get("type")
        if kind is not None and kind not in JSON_TYPES[name]:
            yield f"{where}: is {kind}, clients read {name}"


def input_problems(told: Any, schema: Json) -> list[str]:
    """What a client sends and we would refuse by its type."""
    options = kinds(schema)
    accepts_null = any(resolved(each).get("type") == "null" for each in resolved(schema).get("anyOf", []))
    found = []
    if isinstance(told, str) and told.endswith("?") and not accepts_null:
        found.append("null is refused")
    if isinstance(told, str):
        name = told.removesuffix("?")
        if name.startswith("enum("):
            allowed = set(name[5:-1].split("|"))
            for each in options:
                ours = {str(value) for value in each.get("enum", ())}
                if ours and allowed - ours:
                    found.append(f"{sorted(allowed - ours)} are refused")
        elif name in JSON_TYPES:
            types = {each.get("type") for each in options}
            if None not in types and not types & (
                JSON_TYPES[name] | ({"array"} if name == "object" else set())
            ):
                found.append(f"we take {types}, clients send {name}")
    elif isinstance(told, list) and not any(each.get("type") in ("array", None) for each in options):
        found.append("we take no list")
    return found
