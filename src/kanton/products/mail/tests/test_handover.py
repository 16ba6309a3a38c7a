"""The mail processes on sockets that somebody else has bound: whoever connects too early is answered all the same."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanton.products.mail.engine import dovecot
from kanton.products.mail.engine.imap_process import start_imap, takes_sockets
from kanton.products.mail.engine.settings import EngineSettings
from kanton.products.mail.engine.smtp_process import start_smtp

Held = dict[str, socket.socket]


@pytest.fixture
def held() -> Iterator[Held]:
    """Sockets that listen, as the supervisor makes them."""
    names = ("smtp", "submission", "submissions", "imap", "imaps")
    with contextlib.ExitStack() as opened:
        yield {name: opened.enter_context(socket.create_server(("127.0.0.1", 0))) for name in names}


def some(held: Held, *names: str) -> Held:
    return {name: held[name] for name in names}


def numbers(held: Held) -> dict[str, int]:
    return {name: each.getsockname()[1] for name, each in held.items()}


async def first_word(reader: asyncio.StreamReader) -> bytes:
    return (await reader.readline()).split()[0]


def test_smtp_answers_on_sockets_it_was_handed(tmp_path: Path, held: Held) -> None:
    settings = EngineSettings(home=tmp_path)
    handed = some(held, "smtp", "submission", "submissions")
    expected = numbers(handed)

    async def story() -> tuple[dict[str, int], list[bytes]]:
        early = [
            await asyncio.open_connection("127.0.0.1", expected[name]) for name in ("smtp", "submission")
        ]
        process = await start_smtp(settings, handed)
        words = [await first_word(reader) for reader, _ in early]
        for _, writer in early:
            writer.close()
        await process.stop()
        return process.ports, words

    ports, words = asyncio.run(story())
    assert words == [b"220", b"220"]
    assert ports == expected


@pytest.mark.parametrize("server", [pytest.param("dovecot", marks=pytest.mark.engine("dovecot")), "python"])
def test_imap_answers_on_sockets_it_was_handed(tmp_path: Path, held: Held, server: str) -> None:
    settings = EngineSettings(home=tmp_path, imap_server=server)
    if server == "dovecot" and not takes_sockets(settings):
        pytest.skip("left out: this Dovecot was built without systemd")
    handed = some(held, "imap", "imaps")
    expected = numbers(handed)

    async def story() -> tuple[str, dict[str, int], bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", expected["imap"])
        process = await start_imap(settings, handed)
        word = await first_word(reader)
        writer.close()
        await process.stop()
        return process.engine, process.ports, word

    engine, ports, word = asyncio.run(story())
    assert (engine, word) == (server, b"*")
    assert ports == expected


def test_a_dovecot_that_cannot_take_sockets_is_not_given_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = tmp_path / "dovecot"
    binary.write_bytes(b"\x7fELF without it")
    monkeypatch.setattr(dovecot, "find_binary", lambda settings: str(binary))
    assert takes_sockets(EngineSettings(home=tmp_path)) is False
    assert takes_sockets(EngineSettings(home=tmp_path, imap_server="python")) is True
    other = tmp_path / "dovecot-of-debian"
    other.write_bytes(b"\x7fELF with sd_listen_fds")
    monkeypatch.setattr(dovecot, "find_binary", lambda settings: str(other))
    assert takes_sockets(EngineSettings(home=tmp_path)) is True
