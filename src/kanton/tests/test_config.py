"""The settings: one commented file, the environment above it, and help for every mistake."""

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kanton.config import (
    SECTIONS,
    Config,
    ConfigError,
    as_toml,
    config,
    default_of,
    known_settings,
    load,
    load_or_exit,
    overriding,
    template,
    variable_of,
)


def home(folder: Path, toml: str = "") -> dict[str, str]:
    """An environment whose installation has these settings."""
    folder.mkdir(exist_ok=True)
    (folder / "kanton.toml").write_text(toml, encoding="utf-8")
    return {"KANTON_HOME": str(folder)}


def refusal(environ: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        load(environ)
    return str(caught.value)


def test_the_first_start_writes_a_commented_file_that_only_the_owner_reads(tmp_path: Path) -> None:
    loaded = load({"KANTON_HOME": str(tmp_path / "new")})
    assert loaded.file.read_text("utf-8") == template()
    assert stat.S_IMODE(loaded.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(loaded.home.stat().st_mode) == 0o700
    assert loaded == Config(home=tmp_path / "new")


def test_a_second_start_leaves_the_file_alone(tmp_path: Path) -> None:
    environ = home(tmp_path, "# mine\n[web]\nport = 8123\n")
    assert load(environ).web.port == 8123
    assert (tmp_path / "kanton.toml").read_text() == "# mine\n[web]\nport = 8123\n"


def test_looking_without_creating_leaves_no_trace(tmp_path: Path) -> None:
    load({"KANTON_HOME": str(tmp_path / "none")}, create=False)
    assert not (tmp_path / "none").exists()


def test_every_setting_stands_in_the_template_with_its_comment_and_its_default(tmp_path: Path) -> None:
    written = template()
    assert tomllib.loads(written) == {name: {} for name in SECTIONS}
    assert len(known_settings()) > 50
    for name, each in known_settings().items():
        key = name.rpartition(".")[2]
        line = f"# {key} = {as_toml(default_of(each))}"
        assert (
            f"# {each.metadata['comment']}\n# Allowed: {each.metadata['kind'].allowed}\n{line}\n" in written
        )


def test_the_template_with_every_setting_uncommented_changes_nothing(tmp_path: Path) -> None:
    setting = re.compile(r"# ([a-z_]+ = )")
    lines = [setting.sub(r"\1", line) for line in template().splitlines()]
    assert load(home(tmp_path, "\n".join(lines))) == Config(home=tmp_path)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    environ = home(tmp_path, "demo = true\n[web]\nport = 8123\nhost = '0.0.0.0'\n") | {
        "KANTON_WEB_PORT": "9000",
        "KANTON_DEMO": "no",
        "KANTON_DNS_NAMESERVERS": "ns1.example.ch, NS2.Example.CH.",
        "KANTON_OPERATOR_CURRENCIES": "default=EUR,GB=GBP",
        "KANTON_JOBS_POLL_SECONDS": "0.5",
        "KANTON_ENGINES": "all",
    }
    loaded = load(environ)
    assert (loaded.web.port, loaded.web.host, loaded.demo) == (9000, "0.0.0.0", False)
    assert loaded.dns.nameservers == ("ns1.example.ch", "ns2.example.ch")
    assert loaded.jobs.poll_seconds == 0.5
    assert loaded.operator.currency_for("gb") == "GBP"
    assert loaded.operator.currency_for("CH") == "EUR"


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[web]\nprot = 1", ["prot under [web]", "Did you mean port?"]),
        ("[wbe]\nport = 1", ["[wbe]", "Did you mean web?"]),
        ("port = 1", ["port in ", "is not a setting"]),
        ("web = 1", ["web in", "is a section", "[web]"]),
        ('[web]\nport = "8000"', ["web.port", "port under [web]", "'8000'", "from 1 to 65535"]),
        ("[web]\nport = true", ["web.port", "It is true.", "from 1 to 65535"]),
        ("[web]\nworkers = 0", ["web.workers", "from 1 to 64"]),
        ('[smtp]\noutgoing = "direct"', ["smtp.outgoing", '"hold", "relay", "mx"']),
        ('[smtp]\noutgoing = "relay"', ["smtp.relay_host is missing"]),
        ('[operator]\niban = "CH9300762011623852958"', ["operator.iban", "check digits"]),
        ('[operator]\niban = "CH4431999123000889012"', ["operator.iban", "not a QR-IBAN"]),
        ('[operator]\nqr_iban = "CH9300762011623852957"', ["operator.qr_iban", "30000 to 31999"]),
        ('[operator]\ntime_zone = "Bern"', ["operator.time_zone", "Europe/Zurich"]),
        ('[operator]\nvat_number = "CHE-123.456.789"', ["operator.vat_number"]),
        ('[operator.currencies]\nCH = "CHF"', ["operator.currencies", "a default"]),
        ('[web]\npublic_url = "https://a.ch/path"', ["web.public_url", "without a path"]),
        ('[database]\nurl = "mysql://u:geheim@h/db"', ["database.url", "postgresql://"]),
        ("[dns]\nnameservers = []", ["dns.nameservers", "at least 1"]),
        ("[smtp]\nport = 2587", ["smtp.port", "smtp.submission_port", "2587"]),
        ("[web\nport = 1", ["not valid TOML", "line 1"]),
    ],
)
def test_a_mistake_stops_the_start_and_says_what_is_allowed(
    tmp_path: Path, toml: str, words: list[str]
) -> None:
    message = refusal(home(tmp_path, toml))
    assert [word for word in words if word not in message] == []


def test_a_wrong_variable_is_named_and_the_right_one_guessed(tmp_path: Path) -> None:
    assert "Did you mean KANTON_WEB_PORT?" in refusal({"KANTON_HOME": str(tmp_path), "KANTON_WEB_PROT": "1"})
    message = refusal({"KANTON_HOME": str(tmp_path), "KANTON_WEB_PORT": "eighty"})
    assert "KANTON_WEB_PORT in the environment" in message and "from 1 to 65535" in message


def test_a_password_in_a_wrong_value_is_not_shown(tmp_path: Path) -> None:
    assert "geheim" not in refusal(home(tmp_path, '[database]\nurl = "mysql://u:geheim@h/db"'))
    assert "12345" not in refusal(home(tmp_path, "[smtp]\nrelay_password = 12345"))
    shown = repr(
        load(
            home(tmp_path, '[smtp]\nrelay_password = "geheim"\n[database]\nurl = "postgresql://u:geheim@h/d"')
        )
    )
    assert "geheim" not in shown


def test_a_file_that_is_not_text_is_refused_with_help(tmp_path: Path) -> None:
    environ = home(tmp_path)
    (tmp_path / "kanton.toml").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in refusal(environ)


def test_a_home_that_cannot_be_used_is_refused_with_help(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "Set KANTON_HOME" in refusal({"KANTON_HOME": str(tmp_path / "file" / "below")})


def test_the_process_ends_with_the_message_and_code_78(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("kanton.config._loaded", None)
    for name in [name for name in os.environ if name.startswith("KANTON_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KANTON_HOME", str(tmp_path))
    monkeypatch.setenv("KANTON_WEB_PORT", "-1")
    with pytest.raises(SystemExit) as ended:
        load_or_exit()
    assert ended.value.code == 78
    assert "web.port is not right" in capsys.readouterr().err


def test_the_database_is_a_file_at_home_unless_an_address_says_otherwise(tmp_path: Path) -> None:
    assert load(home(tmp_path)).database.path == tmp_path / "kanton.sqlite3"
    elsewhere = load(home(tmp_path, '[database]\nurl = "sqlite:////srv/k%20n.db"')).database
    assert (elsewhere.is_sqlite, elsewhere.path) == (True, Path("/srv/k n.db"))
    server = load(
        home(tmp_path, '[database]\nurl = "postgresql://ana:p%40ss@db.example.ch:5433/kanton"')
    ).database
    assert (server.is_sqlite, server.user, server.password) == (False, "ana", "p@ss")
    assert (server.host, server.port, server.name) == ("db.example.ch", 5433, "kanton")
    assert "p@ss" not in server.described
    socket = load(home(tmp_path, '[database]\nurl = "postgresql://%2Frun%2Fpg/kanton"')).database
    assert socket.host == "/run/pg"


def test_links_begin_with_what_people_type(tmp_path: Path) -> None:
    assert load(home(tmp_path)).web.address == "http://localhost:8000"
    assert load(home(tmp_path, "[web]\nport = 80\nhost = '::'")).web.address == "http://localhost"
    assert load(home(tmp_path, "[web]\nhost = '10.0.0.5'")).web.address == "http://10.0.0.5:8000"
    public = load(home(tmp_path, "[web]\npublic_url = 'https://manager.example.ch/'")).web
    assert (public.address, public.is_https, public.hostname) == (
        "https://manager.example.ch",
        True,
        "manager.example.ch",
    )


def test_tests_may_look_at_other_settings_for_a_while() -> None:
    before = config.smtp.outgoing
    with overriding(smtp={"outgoing": "mx"}, debug=True):
        assert (config.smtp.outgoing, config.debug) == ("mx", True)
    assert config.smtp.outgoing == before


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.dates(),
    st.lists(st.text() | st.integers(), max_size=3),
    st.dictionaries(st.text(), st.text(), max_size=3),
)


@given(name=st.sampled_from(sorted(known_settings())), raw=anything)
def test_any_value_is_either_kept_as_a_valid_one_or_refused(name: str, raw: Any) -> None:
    reader = known_settings()[name].metadata["kind"].read
    try:
        value = reader(raw)
    except (ValueError, TypeError):
        return
    again = list(value) if isinstance(value, tuple) else value
    assert reader(again) == value


@hypothesis_settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(known_settings())), raw=st.text(st.characters(exclude_characters="\0")))
def test_any_text_in_the_environment_is_taken_or_refused_by_name(tmp_path: Path, name: str, raw: str) -> None:
    try:
        load({"KANTON_HOME": str(tmp_path), variable_of(name): raw})
    except ConfigError as problem:
        assert name in str(problem)


@hypothesis_settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_file_is_taken_or_refused_with_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kanton.toml").write_bytes(content)
    try:
        load({"KANTON_HOME": str(tmp_path)})
    except ConfigError as problem:
        assert "kanton.toml" in str(problem)
