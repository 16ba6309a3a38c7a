"""The API of what looks over several products: the start page and the search."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.queries import person_of
from kanton.console.finding import everything
from kanton.console.missing import diagnosed, product_wanted
from kanton.console.queries import overview_of, viewpoint
from kanton.core import clock
from kanton.core.api import ApiRequest, Query, Router, Timestamp
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id

router = Router("Overview and search")

READING = ("accounts:read",)


class AttentionOut(TypedDict):
    """Something that waits for a person, and where to see to it."""

    kind: Literal["waiting", "failed", "note"]
    text: str
    action: str
    url: str
    day: str | None


class FigureOut(TypedDict):
    """A number that matters, as people read it."""

    label: str
    value: str
    note: str | None
    url: str | None


class CountOut(TypedDict):
    """How many services of a product there are."""

    product: str
    count: int


class HappenedOut(TypedDict):
    """Something that happened."""

    id: int
    kind: str
    text: str
    created_at: Timestamp | None


class OverviewOut(TypedDict):
    """The start page of an organization."""

    attention: list[AttentionOut]
    figures: list[FigureOut]
    products: list[CountOut]
    activity: list[HappenedOut]


@router.get("/1/accounts/{account_id}/overview", scopes=READING)
@exposes(overview_of)
def read_overview(request: ApiRequest, account_id: int) -> OverviewOut:
    """Tell what needs attention in an organization, what it owns and what happened last, as far as you may see it."""
    found = overview_of(viewpoint(request.actor, organization_by_id(request.actor, account_id)))
    return {
        "attention": [
            {
                "kind": "failed" if item.kind == "failed" else "note" if item.kind == "note" else "waiting",
                "text": str(item.text),
                "action": str(item.action),
                "url": item.url,
                "day": item.at.isoformat() if item.at else None,
            }
            for item in found.attention
        ],
        "figures": [
            {
                "label": str(figure.label),
                "value": str(figure.value),
                "note": str(figure.note) or None,
                "url": figure.url or None,
            }
            for figure in found.figures
        ],
        "products": [{"product": code, "count": number} for code, number in sorted(found.counts.items())],
        "activity": [
            {"id": row.pk, "kind": row.kind, "text": row.sentence, "created_at": clock.timestamp(row.at)}
            for row in found.activity
        ],
    }


class MissingQuery(Query):
    """The kind of product (its code) and the name that are looked for; both may be left out."""

    product: Annotated[str, Field(max_length=40)] = ""
    q: Annotated[str, Field(max_length=200)] = ""


class SeenOut(TypedDict):
    """A product that you may see."""

    product: str
    name: str


class ElsewhereOut(TypedDict):
    """Another organization of yours, with how many fitting products you see there."""

    slug: str
    name: str
    count: int


class MissingOut(TypedDict):
    """Why an expected product is not in sight: it is here after all, it is in another organization, it has ended, your
    rights do not reach it, or it belongs to another account."""

    reason: Literal["here", "organization", "ended", "rights", "account"]
    account: str
    organization: str
    sees_all: bool
    whom_to_ask: str | None
    here: list[SeenOut]
    elsewhere: list[ElsewhereOut]
    ended: list[SeenOut]


@router.get("/1/accounts/{account_id}/missing", scopes=READING)
@exposes(diagnosed)
def read_missing(request: ApiRequest, account_id: int, query: MissingQuery) -> MissingOut:
    """Find out why a product is not where it is expected. Tells nothing of products that you may not see."""
    organization = organization_by_id(request.actor, account_id)
    found = diagnosed(request.actor, organization, product_wanted(query.product), query.q.replace("\x00", ""))
    return {
        "reason": found.reason.value,
        "account": person_of(request.actor).email,
        "organization": organization.name,
        "sees_all": found.sees_all,
        "whom_to_ask": found.whom_to_ask or None,
        "here": [{"product": each.product, "name": each.name} for each in found.here],
        "elsewhere": [
            {"slug": each.slug, "name": each.name, "count": each.count} for each in found.elsewhere
        ],
        "ended": [{"product": each.product, "name": each.name} for each in found.ended],
    }


class SearchQuery(Query):
    """What to look for."""

    q: Annotated[str, Field(max_length=200)] = ""


class ResultOut(TypedDict):
    """One thing that was found; `url` is its page in the console."""

    kind: str
    title: str
    note: str | None
    url: str


@router.get("/1/accounts/{account_id}/search", scopes=READING)
@exposes(everything)
def search(request: ApiRequest, account_id: int, query: SearchQuery) -> list[ResultOut]:
    """Find products, people, invoices and pages of an organization by their names, at most a few of each kind."""
    view = viewpoint(request.actor, organization_by_id(request.actor, account_id))
    return [
        {"kind": group.key, "title": str(result.title), "note": str(result.note) or None, "url": result.url}
        for group in everything(view, query.q)
        for result in group.results
    ]
