"""Who may do what with single sign-on."""

from __future__ import annotations

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.organizations.sso.actions import (
    change_policy,
    claim_domain,
    disconnect,
    end_sessions,
    link,
    note_test,
    prove_domain,
    provider_signed_out,
    release_domain,
    save_connection,
    sign_in,
    switch_off,
    switch_on,
    unlink,
)
from kanton.organizations.sso.models import ClaimedDomain, Connection, Identity
from kanton.organizations.sso.oidc import Claims
from kanton.testing_matrix import (
    ADMINISTRATORS,
    EVERYBODY,
    OWNER_ONLY,
    SIGNED_IN,
    Cast,
    Line,
    Who,
    act,
    api,
    page,
)

O = "/o/<slug:organization>/sso"  # noqa: E741 - every page below begins so
API = "/2/accounts/{account}/sso"
ISSUER = "https://id.acme.example"
METADATA = {"issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/authorize"}
RULES = {"default_role": "external", "role_claim": "groups", "rules": [], "is_forced": False}


def domain(cast: Cast) -> ClaimedDomain:
    """A proven domain of Acme."""
    return ClaimedDomain.objects.create(organization=cast.acme, name="acme.example", proven_at=clock.now())


def connection(cast: Cast) -> Connection:
    """Acme's provider, tested and on."""
    return Connection.objects.create(
        organization=cast.acme, discovery_url=ISSUER, issuer=ISSUER, client_id="kanton", client_secret="s",
        metadata=METADATA, tested_at=clock.now(), is_on=True,
    )  # fmt: skip


def on(cast: Cast) -> Connection:
    """With its domain."""
    domain(cast)
    return connection(cast)


def own(cast: Cast) -> Person:
    """The owner's account."""
    return cast.people[Who.OWNER]


def identity(cast: Cast) -> Identity:
    """The owner as the provider knows them."""
    return Identity.objects.create(organization=cast.acme, person=own(cast), issuer=ISSUER, subject="1")


def claims() -> Claims:
    """What the provider says about Lea."""
    return Claims(ISSUER, "2", "lea@acme.example", "Lea", "Roth", False, "", None, "", {})


def number(cast: Cast) -> dict[str, int]:
    """The domain in an address."""
    return {"number": domain(cast).pk}


def account(cast: Cast) -> dict[str, int]:
    """Acme in an address of the API."""
    return {"account": cast.acme.pk}


def connected(cast: Cast) -> dict[str, int]:
    """With its provider."""
    on(cast)
    return account(cast)


def with_provider(cast: Cast) -> dict[str, int]:
    """For pages of an organization that has a provider."""
    on(cast)
    return {}


def slug(cast: Cast) -> dict[str, str]:
    """For addresses outside the organization's pages."""
    on(cast)
    return {"slug": cast.acme.slug}


MEMBERS_ONLY = frozenset({Who.OWNER, Who.ADMINISTRATOR, Who.GRANTED, Who.COLLABORATOR, Who.EXTERNAL})

LINES: list[Line] = [
    act("organizations.claim_domain", lambda actor, cast: claim_domain(actor, cast.acme, name="acme.ch"),
        allowed=ADMINISTRATORS),
    act("organizations.prove_domain", lambda actor, cast: prove_domain(actor, domain(cast)), allowed=ADMINISTRATORS),
    act("organizations.release_domain", lambda actor, cast: release_domain(actor, domain(cast)),
        allowed=ADMINISTRATORS),
    act("organizations.save_connection",
        lambda actor, cast: save_connection(actor, cast.acme, discovery_url=ISSUER, metadata=METADATA, client_id="k",
                                            client_secret="s"),
        allowed=ADMINISTRATORS),
    act("organizations.note_test", lambda actor, cast: note_test(actor, connection(cast), claims=claims()),
        allowed=ADMINISTRATORS),
    act("organizations.switch_on", lambda actor, cast: switch_on(actor, on(cast)), allowed=ADMINISTRATORS),
    act("organizations.switch_off", lambda actor, cast: switch_off(actor, on(cast)), allowed=ADMINISTRATORS),
    act("organizations.change_policy", lambda actor, cast: change_policy(actor, on(cast), **RULES),  # type: ignore[arg-type]
        allowed=ADMINISTRATORS),
    act("organizations.disconnect", lambda actor, cast: disconnect(actor, on(cast)), allowed=ADMINISTRATORS),
    act("organizations.end_sessions", lambda actor, cast: end_sessions(actor, on(cast)), allowed=ADMINISTRATORS),
    act("organizations.unlink", lambda actor, cast: unlink(actor, identity(cast)), allowed=ADMINISTRATORS),
    act("organizations.sign_in", lambda actor, cast: sign_in(actor, on(cast), claims=claims()), allowed=EVERYBODY),
    act("organizations.link", lambda actor, cast: link(actor, own(cast), connection=on(cast), claims=claims()),
        allowed=OWNER_ONLY),
    act("organizations.provider_signed_out",
        lambda actor, cast: provider_signed_out(actor, on(cast), subject="1", sid=""), allowed=EVERYBODY),
    page("/login/sso", allowed=EVERYBODY),
    page("/login/sso/connect", allowed=SIGNED_IN, status=403),
    page("/login/sso/<slug:slug>/callback", fill=slug, allowed=EVERYBODY, status=403),
    page("/login/sso/<slug:slug>/signed-out", fill=slug, post={}, allowed=EVERYBODY, status=400),
    page("/account/again/sso", allowed=SIGNED_IN, status=422),
    page("/account/sso/<slug:slug>/connect", fill=slug, post={}, allowed=MEMBERS_ONLY, status=302,
         but=dict.fromkeys(SIGNED_IN - MEMBERS_ONLY, 404)),
    page(O, fill=with_provider, allowed=ADMINISTRATORS),
    page(f"{O}/domains", allowed=ADMINISTRATORS),
    page(f"{O}/domains", post={"name": "acme.ch"}, allowed=ADMINISTRATORS),
    page(f"{O}/domains/<int:number>/check", fill=number, post={}, allowed=ADMINISTRATORS),
    page(f"{O}/domains/<int:number>/release", fill=number, post={}, allowed=ADMINISTRATORS),
    page(f"{O}/provider", allowed=ADMINISTRATORS),
    page(f"{O}/provider", post={"discovery_url": "x", "client_id": "x"}, allowed=ADMINISTRATORS, status=422),
    page(f"{O}/test", fill=with_provider, post={}, allowed=ADMINISTRATORS, status=302),
    page(f"{O}/on", fill=with_provider, post={}, allowed=ADMINISTRATORS),
    page(f"{O}/off", fill=with_provider, post={}, allowed=ADMINISTRATORS),
    page(f"{O}/rules", fill=with_provider, allowed=ADMINISTRATORS),
    page(f"{O}/rules", fill=with_provider, post={"default_role": "external"}, allowed=ADMINISTRATORS),
    page(f"{O}/sessions/end", fill=with_provider, post={}, allowed=ADMINISTRATORS),
    page(f"{O}/people/<int:number>/separate", fill=lambda cast: {"number": identity(cast).pk}, post={},
         allowed=ADMINISTRATORS),
    page(f"{O}/disconnect", fill=with_provider, allowed=ADMINISTRATORS),
    page(f"{O}/disconnect", fill=with_provider, post={}, allowed=ADMINISTRATORS),
    api("GET", API, fill=connected, allowed=ADMINISTRATORS),
    api("PUT", API, fill=account, data={"discovery_url": "x", "client_id": "x"}, allowed=ADMINISTRATORS, status=422),
    api("DELETE", API, fill=connected, allowed=ADMINISTRATORS),
    api("PUT", f"{API}/rules", fill=connected, data=RULES, allowed=ADMINISTRATORS),
    api("PUT", f"{API}/state", fill=connected, data={"is_on": True}, allowed=ADMINISTRATORS),
    api("DELETE", f"{API}/sessions", fill=connected, allowed=ADMINISTRATORS),
    api("GET", f"{API}/domains", fill=account, allowed=ADMINISTRATORS),
    api("POST", f"{API}/domains", fill=account, data={"name": "acme.ch"}, allowed=ADMINISTRATORS, status=201),
    api("POST", f"{API}/domains/{{domain}}/check", fill=lambda cast: account(cast) | {"domain": domain(cast).pk},
        data={}, allowed=ADMINISTRATORS, status=409),
    api("DELETE", f"{API}/domains/{{domain}}", fill=lambda cast: account(cast) | {"domain": domain(cast).pk},
        allowed=ADMINISTRATORS),
    api("GET", f"{API}/identities", fill=account, allowed=ADMINISTRATORS),
    api("DELETE", f"{API}/identities/{{identity}}",
        fill=lambda cast: account(cast) | {"identity": identity(cast).pk}, allowed=ADMINISTRATORS),
]  # fmt: skip
