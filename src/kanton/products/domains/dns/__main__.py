"""Starts the name server: `python -m kanton.products.domains.dns --store FILE --listen 127.0.0.1:5300
--listen [::1]:5300`.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from kanton.products.domains.dns.server import Address, Settings, run


def _address(text: str) -> Address:
    host, separator, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not separator or not host or not port.isdigit() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not ADDRESS:PORT, as in 127.0.0.1:5300 or [::1]:5300")
    return host, int(port)


def _descriptors(text: str) -> tuple[int, int]:
    udp, separator, tcp = text.partition(",")
    if not separator or not udp.isdigit() or not tcp.isdigit():
        raise argparse.ArgumentTypeError(f"{text} is not UDP,TCP, as in 5,6")
    return int(udp), int(tcp)


def _announce(addresses: list[Address]) -> None:
    for host, port in addresses:
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(f"dns: answering on {shown}:{port}, UDP and TCP\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and serve until told to stop."""
    home = Path(os.environ.get("KANTON_HOME", "var"))
    parser = argparse.ArgumentParser(
        prog="kanton-dns", description="The authoritative name server of Kanton."
    )
    parser.add_argument(
        "--store", type=Path, default=home / "dns" / "zones.sqlite3", help="the file of published zones"
    )
    parser.add_argument(
        "--listen", type=_address, action="append", metavar="ADDRESS:PORT", help="may be repeated"
    )
    parser.add_argument(
        "--inherited",
        type=_descriptors,
        action="append",
        metavar="UDP,TCP",
        help="numbers of two open sockets, bound by the program that starts this one; may be repeated",
    )
    parser.add_argument("--shared", action="store_true", help="let several of these processes share the port")
    parser.add_argument(
        "--poll-seconds",
        type=float,
        default=1.0,
        help="how often to look for a change whose publisher died before telling; all others are seen at once",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr
    )
    inherited = tuple(options.inherited or ())
    listen = tuple(options.listen or ([] if inherited else [("127.0.0.1", 5300)]))
    return run(Settings(options.store, listen, options.shared, inherited, _announce, options.poll_seconds))


if __name__ == "__main__":
    sys.exit(main())
