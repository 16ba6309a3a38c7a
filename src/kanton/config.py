"""The settings of one installation: `$KANTON_HOME/kanton.toml` and the environment, checked at the start.

`config.web.port` is `port` under `[web]` in the file, and `KANTON_WEB_PORT` in the environment, which wins.
Each setting is declared once below, with its comment, its default and what it allows; the commented file that
a new installation gets, the checks and `docs/configuration.md` are made from that.
"""

import contextlib
import json
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from kanton import config_values as kind
from kanton.config_values import Kind
from kanton.secrets import Secrets

__all__ = ["Config", "ConfigError", "config", "load", "overriding"]


class ConfigError(Exception):
    """A setting that stops the start. Its text names the setting, what it is for, and what is allowed."""


def setting(default: Any, value: Kind, comment: str, *, secret: bool = False) -> Any:
    """Declare one setting: its default, the kind of value, and the comment that explains it."""
    return field(default=default, repr=not secret, metadata={"kind": value, "comment": comment})


def table(default: Mapping[str, str], value: Kind, comment: str) -> Any:
    """Declare a setting that is a table."""
    return field(default_factory=lambda: dict(default), metadata={"kind": value, "comment": comment})


@dataclass(frozen=True)
class Operator:
    """The provider itself: on invoices, in mails, in the footer."""

    name: str = setting("Alpenhost", kind.text(empty=False, longest=60), "The name customers know you by.")
    legal_name: str = setting(
        "Alpenhost AG", kind.text(empty=False, longest=70), "The name on invoices and contracts."
    )
    street: str = setting("Kirchenfeldstrasse 12", kind.text(empty=False, longest=70), "Street and number.")
    zip: str = setting("3005", kind.text(empty=False, longest=16), "Postal code.")
    city: str = setting("Bern", kind.text(empty=False, longest=35), "Town.")
    country: str = setting("CH", kind.country(), "Country; it decides on VAT and on the QR-bill.")
    time_zone: str = setting(
        "Europe/Zurich", kind.time_zone(), "Days begin and billing terms end at midnight of this time zone."
    )
    iban: str = setting(
        "CH9300762011623852957", kind.iban(), "Account for bank transfers without a reference number."
    )
    qr_iban: str = setting(
        "CH4431999123000889012", kind.iban(qr=True), "Account for Swiss QR-bills with a reference."
    )
    vat_number: str = setting(
        "CHE-123.456.788 MWST", kind.vat_number(), "Your VAT number, printed on invoices."
    )
    email: str = setting("hello@alpenhost.example", kind.email(), "Sender of the mails that Kanton writes.")
    support_email: str = setting("support@alpenhost.example", kind.email(), "Where customers ask for help.")
    currencies: Mapping[str, str] = table(
        {"default": "EUR", "CH": "CHF", "LI": "CHF"},
        kind.currency_table(),
        "The currency of a new organization by its country; default is for all the others.",
    )

    def currency_for(self, country: str) -> str:
        """The currency that an organization from this country pays in."""
        return self.currencies.get(country.upper(), self.currencies["default"])


@dataclass(frozen=True)
class Bank:
    """What the bank reports."""

    folder: str = setting(
        "",
        kind.text(longest=300),
        "A folder that is looked into every few minutes for camt.053 and camt.054 files. Empty: $KANTON_HOME/bank",
    )
    accounts: tuple[str, ...] = setting(
        (),
        kind.list_of(kind.iban(), most=50),
        "Further accounts whose statements are taken in, besides operator.*",
    )
    max_file_bytes: int = setting(
        256 * 1024 * 1024, kind.whole(64 * 1024, 2**34, "bytes"), "The largest statement that is taken in."
    )


@dataclass(frozen=True)
class Stripe:
    """Payments by card and wallet through Stripe."""

    secret_key: str = setting(
        "",
        kind.secret_text(),
        "The secret key of your Stripe account. Empty: Stripe is not offered.",
        secret=True,
    )
    webhook_secret: str = setting(
        "",
        kind.secret_text(),
        "The signing secret of the webhook that you point at /pay/stripe/callback. Let it send "
        "payment_intent.succeeded, payment_intent.payment_failed, refund.updated and refund.failed.",
        secret=True,
    )
    address: str = setting("https://api.stripe.com", kind.web_address(), "Where Stripe's API is.")


@dataclass(frozen=True)
class Web:
    """The console and the API."""

    host: str = setting("127.0.0.1", kind.address(), "Where the web server listens.")
    port: int = setting(8000, kind.port(), "The port of the console and the API.")
    public_url: str = setting(
        "",
        kind.web_address(),
        "The address people type, when a proxy stands in front. Empty: http://localhost and the port.",
    )
    other_names: tuple[str, ...] = setting(
        (),
        kind.list_of(kind.hostname()),
        "Further host names under which pages are answered. Once public_url is set, all others are refused, but for "
        "those of customers with a Custom Brand.",
    )
    workers: int = setting(
        4, kind.whole(1, 64), "Server processes. One or two per core; each answers one request at a time."
    )
    threads: int = setting(1, kind.whole(1, 64), "Threads in each process. More processes serve more.")
    trusted_proxies: tuple[str, ...] = setting(
        ("127.0.0.1", "::1"),
        kind.list_of(kind.network()),
        "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
    )

    @property
    def address(self) -> str:
        """The beginning of every link to the console: http://localhost:8000, or what the proxy shows."""
        if self.public_url:
            return self.public_url
        host = self.host if self.host not in ("127.0.0.1", "::1", "0.0.0.0", "::") else "localhost"  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}" + ("" if self.port == 80 else f":{self.port}")

    @property
    def is_https(self) -> bool:
        """Whether browsers reach us by HTTPS, so that cookies may be marked secure."""
        return self.address.startswith("https://")

    @property
    def hostname(self) -> str:
        """The host of `address`, also the relying party of passkeys."""
        return urlsplit(self.address).hostname or "localhost"


@dataclass(frozen=True)
class Database:
    """Where state is kept."""

    url: str = setting(
        "",
        kind.database_url(),
        "Empty: SQLite in $KANTON_HOME. PostgreSQL 15 or newer: postgresql://user:password@host:5432/name",
        secret=True,
    )
    sqlite_path: Path = field(default=Path(), init=False)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file."""
        return not self.url or self.url.startswith("sqlite:")

    @property
    def path(self) -> Path:
        """The file of the SQLite database."""
        if not self.url:
            return self.sqlite_path
        return Path("/" + unquote(urlsplit(self.url).path).lstrip("/"))

    @property
    def name(self) -> str:
        """The name of the PostgreSQL database."""
        return unquote(urlsplit(self.url).path.strip("/"))

    @property
    def host(self) -> str:
        """The host (or the folder of the socket) of PostgreSQL; empty for the local socket."""
        return unquote(urlsplit(self.url).hostname or "")

    @property
    def port(self) -> int | None:
        """The port of PostgreSQL, if it is not the usual one."""
        return urlsplit(self.url).port

    @property
    def user(self) -> str:
        """Who we are to PostgreSQL."""
        return unquote(urlsplit(self.url).username or "")

    @property
    def password(self) -> str:
        """The password for PostgreSQL."""
        return unquote(urlsplit(self.url).password or "")

    @property
    def described(self) -> str:
        """The database in words that may be shown: never with the password."""
        if self.is_sqlite:
            return f"SQLite in {self.path}"
        port = f":{self.port}" if self.port else ""
        return f"PostgreSQL {self.name} on {self.host or 'the local socket'}{port}"


@dataclass(frozen=True)
class Dns:
    """The authoritative name server."""

    enabled: bool = setting(True, kind.yes_no(), "Whether Kanton starts its own name server.")
    host: str = setting("127.0.0.1", kind.address(), "Where it listens, by UDP and TCP.")
    port: int = setting(
        5300, kind.port(), "Its port. The world asks on 53: forward that, or allow low ports."
    )
    nameservers: tuple[str, ...] = setting(
        ("ns1.alpenhost.example", "ns2.alpenhost.example"),
        kind.list_of(kind.hostname(), fewest=1, most=13),
        "The NS records of every zone. The first is the primary in the SOA record.",
    )
    host_master: str = setting(
        "hostmaster@alpenhost.example", kind.email(), "Who answers for the zones (SOA)."
    )


@dataclass(frozen=True)
class Smtp:
    """Mail that comes in and goes out."""

    enabled: bool = setting(True, kind.yes_no(), "Whether Kanton starts its own SMTP server.")
    hostname: str = setting(
        "mail.alpenhost.example", kind.hostname(), "Its name: the MX record, the greeting, the HELO."
    )
    host: str = setting("127.0.0.1", kind.address(), "Where it listens.")
    port: int = setting(2525, kind.port(), "Port for mail from other servers. The world delivers to 25.")
    submission_port: int = setting(2587, kind.port(), "Port for customers' mail programs (usually 587).")
    submissions_port: int = setting(2465, kind.port(), "The same with TLS from the start (usually 465).")
    outgoing: str = setting(
        "hold",
        kind.one_of("hold", "relay", "mx"),
        'Mail to other servers: "hold" keeps it, "relay" hands it to relay_host, "mx" delivers it directly.',
    )
    relay_host: str = setting("", kind.hostname(empty=True), "The server that takes our outgoing mail.")
    relay_port: int = setting(587, kind.port(), "The port of the relay.")
    relay_user: str = setting("", kind.text(), "Our login at the relay; empty for none.")
    relay_password: str = setting("", kind.secret_text(), "Our password at the relay.", secret=True)
    relay_tls: str = setting(
        "starttls", kind.one_of("none", "starttls", "tls"), "How the connection to the relay is protected."
    )
    tls_certificate: str = setting(
        "",
        kind.file_path(),
        "The certificate with its chain (PEM) that SMTP and IMAP show. Empty: one made and signed by Kanton itself.",
    )
    tls_key: str = setting("", kind.file_path(), "The private key of that certificate (PEM).")
    max_message_bytes: int = setting(
        210763776,
        kind.whole(1024 * 1024, 2**31, "bytes"),
        "The largest message taken, headers and attachments included.",
    )
    max_recipients: int = setting(100, kind.whole(1, 10_000), "The most recipients of one message.")


@dataclass(frozen=True)
class Imap:
    """Mail programs reading their mailboxes."""

    enabled: bool = setting(True, kind.yes_no(), "Whether Kanton starts an IMAP server.")
    engine: str = setting(
        "auto",
        kind.one_of("auto", "dovecot", "python"),
        '"auto": Dovecot where it is installed, else the server written in Python.',
    )
    host: str = setting("127.0.0.1", kind.address(), "Where it listens.")
    port: int = setting(2143, kind.port(), "Port with STARTTLS (usually 143).")
    tls_port: int = setting(2993, kind.port(), "Port with TLS from the start (usually 993).")


@dataclass(frozen=True)
class Outbox:
    """Mails and short messages that Kanton itself writes."""

    transport: str = setting(
        "folder",
        kind.one_of("folder", "smtp"),
        '"folder": kept as files in $KANTON_HOME/outbox; "smtp": sent through [smtp], see outgoing there.',
    )
    keep_days: int = setting(30, kind.whole(1, 3650, "days"), "How long the text of a sent mail is kept.")
    sms_gateway: str = setting(
        "",
        kind.text(longest=40).described(
            'a text in quotes: "", "log", or a gateway that an installed package offers'
        ),
        'Who carries text messages. Empty: nobody, and they are not offered. "log": $KANTON_HOME/outbox/sms.log',
    )
    sms_per_day: int = setting(
        500, kind.whole(1, 1_000_000), "The most text messages in 24 hours, for all customers together."
    )


@dataclass(frozen=True)
class SignIn:
    """How people sign in."""

    sms_countries: tuple[str, ...] = setting(
        ("CH", "FR", "BE", "DE"),
        kind.list_of(kind.country()),
        "Residents of these countries may get second factors by text message; needs outbox.sms_gateway.",
    )
    session_days: int = setting(
        14, kind.whole(1, 365, "days"), "A session ends so long after the sign-in, however often it is used."
    )
    session_idle_days: int = setting(
        7, kind.whole(1, 365, "days"), "A session ends when it was not used for so long."
    )
    trusted_browser_days: int = setting(
        30, kind.whole(0, 365, "days"), "How long a browser may go without second factor. 0: never."
    )
    geo_database: str = setting(
        "",
        kind.file_path(),
        "A database of places of IP addresses in MaxMind's format (.mmdb), for the list of devices. Empty: none.",
    )


@dataclass(frozen=True)
class Jobs:
    """Work that goes on behind the scenes."""

    threads: int = setting(2, kind.whole(1, 64), "Jobs done at the same time.")
    poll_seconds: float = setting(
        1.0,
        kind.number(0.05, 3600, "seconds"),
        "How often an idle worker looks for work. New work usually wakes it at once.",
    )
    lease_seconds: int = setting(
        60, kind.whole(5, 3600, "seconds"), "A job whose worker is silent for so long is given to another."
    )
    keep_days: int = setting(30, kind.whole(1, 3650, "days"), "How long finished jobs are shown to staff.")


@dataclass(frozen=True)
class Billing:
    """Renewals and reminders."""

    guarantee_fee: float = setting(
        2.0,
        kind.number(0, 1000),
        "What the renewal guarantee costs a month, without VAT, in the customer's currency. 0: nothing.",
    )
    end_notice_days: tuple[int, ...] = setting(
        (30, 14, 7, 1),
        kind.list_of(kind.whole(1, 365), most=10),
        "Customers are mailed so many days before a product ends that does not renew automatically. Empty: never.",
    )
    least_period_price: float = setting(
        2.0,
        kind.number(0, 100_000),
        "Customers may change to a billing period from this price a period on, without VAT.",
    )
    brand_names: tuple[str, ...] = setting(
        ("paypal", "postfinance", "twint"),
        kind.list_of(kind.text(empty=False, longest=40)),
        "Orders of names that contain one of these words are blocked until the customer has proved an identity.",
    )
    reminder_days: tuple[int, ...] = setting(
        (7, 14, 21),
        kind.list_of(kind.whole(1, 365), most=5),
        "A payment reminder goes out so many days after an invoice was due, once for each number.",
    )


@dataclass(frozen=True)
class Api:
    """The REST API."""

    requests_per_minute: int = setting(60, kind.whole(1, 1_000_000), "Requests a minute for each token.")
    anonymous_per_minute: int = setting(
        30, kind.whole(1, 1_000_000), "Requests a minute for each address without a token."
    )
    max_body_bytes: int = setting(
        2 * 1024 * 1024,
        kind.whole(64 * 1024, 2**30, "bytes"),
        "The largest body of an ordinary call; uploads have their own.",
    )


@dataclass(frozen=True)
class Sso:
    """Sign-in through the identity providers of organizations."""

    private_networks: bool = setting(
        False,
        kind.yes_no(),
        "Whether an identity provider may be in a private network, or on this machine by plain http. "
        "Only where every customer is trusted: they choose the address that Kanton then calls.",
    )


@dataclass(frozen=True)
class Log:
    """What is written while running."""

    level: str = setting(
        "info", kind.one_of("debug", "info", "warning", "error"), "The least important lines written."
    )
    format: str = setting(
        "auto",
        kind.one_of("auto", "plain", "json"),
        '"auto": plain on a terminal and in files, "json" one object a line.',
    )
    keep_bytes: int = setting(
        10 * 1024 * 1024,
        kind.whole(64 * 1024, 2**31, "bytes"),
        "A log file is renamed to .1 when it is larger.",
    )


@dataclass(frozen=True)
class Config:
    """Everything that can be set, and where this installation lives."""

    home: Path = field(metadata={"comment": "Everything that lives. Only from the environment: KANTON_HOME."})
    demo: bool = setting(
        True,
        kind.yes_no(),
        "A new installation starts with demo organizations and logins. Set false for a real one.",
    )
    debug: bool = setting(
        False, kind.yes_no(), "Show details of errors in the browser. Never on a public server."
    )
    ports: str = setting(
        "flexible",
        kind.one_of("flexible", "exact"),
        '"flexible": Kanton replaces a taken port by a free one and says so. "exact": it does not start.',
    )
    operator: Operator = field(default_factory=Operator)
    bank: Bank = field(default_factory=Bank)
    stripe: Stripe = field(default_factory=Stripe)
    web: Web = field(default_factory=Web)
    database: Database = field(default_factory=Database)
    dns: Dns = field(default_factory=Dns)
    smtp: Smtp = field(default_factory=Smtp)
    imap: Imap = field(default_factory=Imap)
    outbox: Outbox = field(default_factory=Outbox)
    sign_in: SignIn = field(default_factory=SignIn)
    jobs: Jobs = field(default_factory=Jobs)
    billing: Billing = field(default_factory=Billing)
    api: Api = field(default_factory=Api)
    sso: Sso = field(default_factory=Sso)
    log: Log = field(default_factory=Log)
    secrets: Secrets = field(default=Secrets(Path()), init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "secrets", Secrets(self.home / "secrets"))
        object.__setattr__(self.database, "sqlite_path", self.home / "kanton.sqlite3")

    @property
    def file(self) -> Path:
        """The settings file."""
        return self.home / FILE_NAME

    @property
    def endpoints_file(self) -> Path:
        """Where the running installation tells programs how to reach it."""
        return self.home / "endpoints.json"

    def folder(self, *names: str) -> Path:
        """A folder inside $KANTON_HOME, made (for the owner only) when it is missing."""
        path = self.home.joinpath(*names)
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path


FILE_NAME = "kanton.toml"
PORTS = (
    "web.port",
    "dns.port",
    "smtp.port",
    "smtp.submission_port",
    "smtp.submissions_port",
    "imap.port",
    "imap.tls_port",
)
SECTIONS: dict[str, type] = {
    "operator": Operator,
    "bank": Bank,
    "stripe": Stripe,
    "web": Web,
    "database": Database,
    "dns": Dns,
    "smtp": Smtp,
    "imap": Imap,
    "outbox": Outbox,
    "sign_in": SignIn,
    "jobs": Jobs,
    "billing": Billing,
    "api": Api,
    "sso": Sso,
    "log": Log,
}
# Names in the environment that are ours without being settings.
OTHER_VARIABLES = {"KANTON_HOME", "KANTON_ENGINES"}
OTHER_PREFIXES = ("KANTON_TEST_", "KANTON_RUN_", "KANTON_BENCH_")


def settings_of(section: type) -> dict[str, Field[Any]]:
    """The settings a section declares, by name."""
    return {each.name: each for each in fields(section) if "kind" in each.metadata}


def known_settings() -> dict[str, Field[Any]]:
    """Every setting by its full name, such as `web.port` or `demo`."""
    known = settings_of(Config)
    for name, section in SECTIONS.items():
        known |= {f"{name}.{key}": each for key, each in settings_of(section).items()}
    return known


def default_of(each: Field[Any]) -> Any:
    """What a setting is when nobody sets it."""
    return each.default if each.default_factory is MISSING else each.default_factory()


def variable_of(name: str) -> str:
    """The environment variable of a setting: `web.port` is KANTON_WEB_PORT."""
    return "KANTON_" + name.replace(".", "_").upper()


def as_toml(value: Any) -> str:
    """A default as it is written in the settings file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(as_toml(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {as_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def template() -> str:
    """The settings file of a new installation: every setting with its comment, limits and default."""
    lines = [
        "# Settings of this Kanton. Remove the # in front of a line to change it, then start Kanton again.",
        "# The environment wins over this file: KANTON_WEB_PORT is port under [web].",
    ]
    for name, section in {"": Config, **SECTIONS}.items():
        if name:
            lines += ["", "", f"[{name}]", f"# {(section.__doc__ or '').splitlines()[0]}"]
        for key, each in settings_of(section).items():
            lines += [
                "",
                f"# {each.metadata['comment']}",
                f"# Allowed: {each.metadata['kind'].allowed}",
                f"# {key} = {as_toml(default_of(each))}",
            ]
    return "\n".join(lines) + "\n"


def home_from(environ: Mapping[str, str]) -> Path:
    """$KANTON_HOME as an absolute path; ./var when it is not set."""
    return Path(environ.get("KANTON_HOME") or "var").expanduser().absolute()


def load(environ: Mapping[str, str] | None = None, *, create: bool = True) -> Config:
    """Read and check all settings. On the first start, make the home and its commented settings file."""
    environ = os.environ if environ is None else environ
    home = home_from(environ)
    path = home / FILE_NAME
    if create:
        try:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not path.exists():
                _write_template(path)
        except OSError as problem:
            raise ConfigError(
                f"KANTON_HOME is {home}, and that folder cannot be used: {problem.strerror}. "
                "Set KANTON_HOME to a folder that you may write to."
            ) from problem
    values = _from_file(path) | _from_environment(environ)
    known = known_settings()
    checked = {name: _checked(name, known[name], raw, origin) for name, (raw, origin) in values.items()}
    _check_together(checked, known)
    sections = {
        name: section(
            **{key: checked[f"{name}.{key}"] for key in settings_of(section) if f"{name}.{key}" in checked}
        )
        for name, section in SECTIONS.items()
    }
    own = {key: checked[key] for key in settings_of(Config) if key in checked}
    return Config(home=home, **own, **sections)


def _write_template(path: Path) -> None:
    """Write the file for the owner only, and never over one that appeared meanwhile."""
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(template())


def _from_file(path: Path) -> dict[str, tuple[Any, str]]:
    """What the file sets, by full name, with the words that say where it was set."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as problem:
        raise ConfigError(
            f"{path} cannot be read: {problem.strerror}. Start Kanton as the user who owns it."
        ) from problem
    except UnicodeDecodeError as problem:
        raise ConfigError(f"{path} is not UTF-8 text (byte {problem.start}). Save it as UTF-8.") from problem
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(
            f'{path} is not valid TOML: {problem}. Texts need quotes: name = "Alpenhost".'
        ) from problem
    found: dict[str, tuple[Any, str]] = {}
    known = known_settings()
    for key, value in document.items():
        if key in SECTIONS:
            if not isinstance(value, dict):
                raise ConfigError(
                    f"{key} in {path} is a section. Write [{key}] on a line of its own, its settings below."
                )
            for inner, inner_value in value.items():
                name = f"{key}.{inner}"
                if name not in known:
                    raise ConfigError(
                        _unknown(f"{inner} under [{key}] in {path}", inner, settings_of(SECTIONS[key]))
                    )
                found[name] = (inner_value, f"{inner} under [{key}] in {path}")
        elif key in known:
            found[key] = (value, f"{key} in {path}")
        elif isinstance(value, dict):
            raise ConfigError(_unknown(f"[{key}] in {path}", key, SECTIONS))
        else:
            raise ConfigError(
                _unknown(f"{key} in {path}", key, [*settings_of(Config), *(n.split(".")[-1] for n in known)])
            )
    return found


def _from_environment(environ: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    """What the environment sets, by full name."""
    found: dict[str, tuple[Any, str]] = {}
    known = known_settings()
    by_variable = {variable_of(name): name for name in known}
    for variable, raw in environ.items():
        if (
            not variable.startswith("KANTON_")
            or variable in OTHER_VARIABLES
            or variable.startswith(OTHER_PREFIXES)
        ):
            continue
        if variable not in by_variable:
            raise ConfigError(
                _unknown(f"{variable} in the environment", variable, [*by_variable, *OTHER_VARIABLES])
            )
        name = by_variable[variable]
        origin = f"{variable} in the environment"
        try:
            found[name] = (known[name].metadata["kind"].from_text(raw), origin)
        except ValueError:
            raise ConfigError(_wrong(name, known[name], raw, origin)) from None
    return found


def _checked(name: str, each: Field[Any], raw: Any, origin: str) -> Any:
    try:
        return each.metadata["kind"].read(raw)
    except (ValueError, TypeError):
        raise ConfigError(_wrong(name, each, raw, origin)) from None


def _wrong(name: str, each: Field[Any], raw: Any, origin: str) -> str:
    shown = "" if not each.repr else f" It is {_shown(raw)}."
    return f"{name} is not right: {origin}.{shown}\n{_explained(each)}"


def _explained(each: Field[Any]) -> str:
    return f"{each.metadata['comment']}\nAllowed: {each.metadata['kind'].allowed}."


def _shown(raw: Any) -> str:
    text = repr(raw) if not isinstance(raw, bool) else str(raw).lower()
    return text if len(text) <= 80 else text[:77] + "..."


def _unknown(where: str, word: str, known: Any) -> str:
    meant = kind.closest(word, known)
    guess = f" Did you mean {meant}?" if meant else f" Known here: {', '.join(sorted(set(known)))}."
    return f"{where} is not a setting.{guess}"


def _check_together(checked: Mapping[str, Any], known: Mapping[str, Field[Any]]) -> None:
    """Settings that are right alone but not with each other."""

    def value(name: str) -> Any:
        return checked[name] if name in checked else default_of(known[name])

    if value("smtp.outgoing") == "relay" and not value("smtp.relay_host"):
        raise ConfigError(
            'smtp.relay_host is missing: smtp.outgoing is "relay", which hands mail to another server.\n'
            + _explained(known["smtp.relay_host"])
        )
    if bool(value("smtp.tls_certificate")) != bool(value("smtp.tls_key")):
        raise ConfigError(
            "smtp.tls_certificate and smtp.tls_key belong together: set both, or none of them.\n"
            + _explained(known["smtp.tls_certificate"])
        )
    taken: dict[int, str] = {}
    for name in PORTS:
        number = value(name)
        if number and number in taken:
            raise ConfigError(f"{name} and {taken[number]} are both {number}. Give each its own port.")
        taken[number] = name


_loaded: Config | None = None


def _current() -> Config:
    global _loaded
    if _loaded is None:
        _loaded = load()
    return _loaded


def forget_settings() -> None:
    """Read the settings again at the next use; for the supervisor, after it has chosen ports."""
    global _loaded
    _loaded = None


@contextlib.contextmanager
def overriding(**changes: Any) -> Iterator[Config]:
    """For tests: other settings inside the block, as in `overriding(smtp={"outgoing": "mx"}, debug=True)`."""
    global _loaded
    before = _current()
    sections = {
        name: replace(getattr(before, name), **change) if isinstance(change, dict) else change
        for name, change in changes.items()
    }
    _loaded = replace(before, **sections)
    try:
        yield _loaded
    finally:
        _loaded = before


class _Proxy:
    """`config`: read on first use, so that importing this module touches no file."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_current(), name)

    def __repr__(self) -> str:
        return repr(_current())


if TYPE_CHECKING:
    config: Config
else:
    config = _Proxy()


def load_or_exit() -> Config:
    """Read the settings; when one is wrong, say so on the terminal and end with code 78 (EX_CONFIG)."""
    try:
        return _current()
    except ConfigError as problem:
        sys.stderr.write(f"Kanton cannot start.\n{problem}\n")
        raise SystemExit(78) from None
