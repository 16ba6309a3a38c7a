"""The sample catalogue: believable offers in CHF and EUR that a new installation starts with."""

from __future__ import annotations

from collections.abc import Mapping

from kanton.catalog.actions import Offer, offer_plan
from kanton.catalog.models import Plan
from kanton.core.actor import System
from kanton.core.money import Money
from kanton.products.contract import Group

Texts = Mapping[str, str]

#: Top-level domains: price a year in CHF and in EUR. `example` is the sandbox registry's own.
DOMAINS: Mapping[str, tuple[str, str]] = {
    "ch": ("9.90", "9.90"),
    "com": ("13.50", "13.90"),
    "swiss": ("89.00", "92.00"),
    "org": ("14.20", "14.50"),
    "net": ("15.40", "15.80"),
    "eu": ("8.40", "8.50"),
    "de": ("9.20", "9.40"),
    "fr": ("10.80", "11.00"),
    "example": ("5.00", "5.00"),
}
YEARS = (1, 2, 3, 5, 10)


def load_sample() -> list[Plan]:
    """Put the sample catalogue into the shop. Running it again brings it up to date and doubles nothing."""
    return [offer_plan(System("catalogue"), offer) for offer in sample_offers()]


def sample_offers() -> list[Offer]:
    """All sample offers, in the order of the shop."""
    return [*_mail(), *_brand(), *_domains()]


def _prices(chf: str, eur: str, months: int) -> dict[tuple[str, int], Money]:
    return {("CHF", months): Money.of(chf, "CHF"), ("EUR", months): Money.of(eur, "EUR")}


def _domains() -> list[Offer]:
    return [
        Offer(
            code=f"domain-{ending}",
            product="domains",
            group=Group.WEB,
            names={
                "en": f"Domain .{ending}",
                "de": f"Domain .{ending}",
                "fr": f"Domaine .{ending}",
                "it": f"Dominio .{ending}",
                "es": f"Dominio .{ending}",
            },
            summaries={
                "en": "Your name on the internet, with DNS and DNSSEC.",
                "de": "Ihr Name im Internet, mit DNS und DNSSEC.",
                "fr": "Votre nom sur internet, avec DNS et DNSSEC.",
                "it": "Il Suo nome su internet, con DNS e DNSSEC.",
                "es": "Su nombre en internet, con DNS y DNSSEC.",
            },
            features={
                "en": ["DNS zone included", "Renewal guarantee on request", "Transfer lock"],
                "de": ["DNS-Zone inbegriffen", "Auf Wunsch mit Erneuerungsgarantie", "Transfersperre"],
                "fr": ["Zone DNS comprise", "Garantie de renouvellement sur demande", "Verrou de transfert"],
                "it": ["Zona DNS inclusa", "Garanzia di rinnovo su richiesta", "Blocco del trasferimento"],
                "es": ["Zona DNS incluida", "Garantía de renovación opcional", "Bloqueo de transferencia"],
            },
            limits={"tld": ending},
            prices={
                (currency, 12 * years): Money.of(price, currency).times(years)
                for currency, price in (("CHF", chf), ("EUR", eur))
                for years in YEARS
            },
            position=100 + index,
        )
        for index, (ending, (chf, eur)) in enumerate(DOMAINS.items())
    ]


def _mail() -> list[Offer]:
    return [
        Offer(
            code="mail-starter",
            product="mail",
            group=Group.COLLABORATION,
            names=_same("Mail Starter"),
            summaries={
                "en": "One address at your own domain, to begin with.",
                "de": "Eine Adresse mit Ihrer eigenen Domain, für den Anfang.",
                "fr": "Une adresse à votre propre domaine, pour commencer.",
                "it": "Un indirizzo con il Suo dominio, per cominciare.",
                "es": "Una dirección con su propio dominio, para empezar.",
            },
            features={
                "en": ["1 address", "Webmail, IMAP and SMTP", "100 messages a day"],
                "de": ["1 Adresse", "Webmail, IMAP und SMTP", "100 Nachrichten am Tag"],
                "fr": ["1 adresse", "Webmail, IMAP et SMTP", "100 messages par jour"],
                "it": ["1 indirizzo", "Webmail, IMAP e SMTP", "100 messaggi al giorno"],
                "es": ["1 dirección", "Webmail, IMAP y SMTP", "100 mensajes al día"],
            },
            limits={"mailboxes": 1},
            prices=_prices("18.00", "18.00", 12),
            position=10,
        ),
        Offer(
            code="mail",
            product="mail",
            group=Group.COLLABORATION,
            names={
                "en": "Mail from 5 addresses",
                "de": "Mail ab 5 Adressen",
                "fr": "Mail dès 5 adresses",
                "it": "Mail da 5 indirizzi",
                "es": "Mail desde 5 direcciones",
            },
            summaries={
                "en": "Mail for teams: as many addresses as you need.",
                "de": "Mail für Teams: so viele Adressen, wie Sie brauchen.",
                "fr": "Le mail des équipes : autant d’adresses que nécessaire.",
                "it": "Mail per i team: tutti gli indirizzi che servono.",
                "es": "Correo para equipos: tantas direcciones como necesite.",
            },
            features={
                "en": ["From 5 addresses", "Webmail, IMAP and SMTP", "1'440 messages a day and address"],
                "de": ["Ab 5 Adressen", "Webmail, IMAP und SMTP", "1'440 Nachrichten am Tag und Adresse"],
                "fr": ["Dès 5 adresses", "Webmail, IMAP et SMTP", "1 440 messages par jour et adresse"],
                "it": ["Da 5 indirizzi", "Webmail, IMAP e SMTP", "1'440 messaggi al giorno e indirizzo"],
                "es": ["Desde 5 direcciones", "Webmail, IMAP y SMTP", "1.440 mensajes al día y dirección"],
            },
            units={
                "en": ("address", "addresses"),
                "de": ("Adresse", "Adressen"),
                "fr": ("adresse", "adresses"),
                "it": ("indirizzo", "indirizzi"),
                "es": ("dirección", "direcciones"),
            },
            min_quantity=5,
            max_quantity=500,
            prices=_prices("1.50", "1.50", 1) | _prices("16.20", "16.20", 12),
            position=20,
        ),
    ]


def _brand() -> list[Offer]:
    return [
        Offer(
            code="custom-brand",
            product="brand",
            group=Group.COLLABORATION,
            names=_same("Custom Brand"),
            summaries={
                "en": "Your people sign in at a name of yours, in your colours.",
                "de": "Ihre Leute melden sich unter Ihrem eigenen Namen an, in Ihren Farben.",
                "fr": "Vos collaborateurs se connectent à votre propre nom, dans vos couleurs.",
                "it": "Le Sue persone accedono con un nome Suo, nei Suoi colori.",
                "es": "Su gente inicia sesión en un nombre suyo, con sus colores.",
            },
            features={
                "en": ["Own host name for Manager and sign-in", "Own colours and greeting", "Own name on invitations"],
                "de": ["Eigener Hostname für Manager und Anmeldung", "Eigene Farben und Begrüssung",
                       "Eigener Name auf Einladungen"],
                "fr": ["Nom d’hôte propre pour le Manager et la connexion", "Couleurs et accueil propres",
                       "Votre nom sur les invitations"],
                "it": ["Nome host proprio per Manager e accesso", "Colori e benvenuto propri",
                       "Il Suo nome sugli inviti"],
                "es": ["Nombre de host propio para Manager e inicio de sesión", "Colores y saludo propios",
                       "Su nombre en las invitaciones"],
            },
            prices=_prices("9.00", "9.00", 1) | _prices("97.20", "97.20", 12),
            position=50,
        )
    ]  # fmt: skip


def _same(name: str) -> Texts:
    return dict.fromkeys(("en", "de", "fr", "it", "es"), name)
