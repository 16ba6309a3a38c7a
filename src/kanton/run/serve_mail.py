"""The mail processes: `python -m kanton.run.child kanton.run.serve_mail smtp smtp=5 …` (or imap). Django is not loaded.

They are handed their listening sockets by the numbers of the descriptors; without any, they open ports themselves.
"""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Sequence

from kanton.config import config
from kanton.products.mail.engine.configured import settings_of
from kanton.products.mail.engine.imap_process import start_imap
from kanton.products.mail.engine.smtp_process import start_smtp


async def serve(kind: str, sockets: Sequence[str]) -> int:
    """Serve until told to stop, or until the server falls."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    numbers = dict(each.split("=") for each in sockets)
    held = {name: socket.socket(fileno=int(number)) for name, number in numbers.items()}
    if kind == "smtp":
        smtp = await start_smtp(settings_of(config), held)
        await stop.wait()
        await smtp.stop()
        return 0
    imap = await start_imap(settings_of(config), held)
    stopped, ended = asyncio.create_task(stop.wait()), asyncio.create_task(imap.ended())
    await asyncio.wait({stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
    code = ended.result() if ended.done() else 0
    ended.cancel()
    await imap.stop()
    return 0 if stop.is_set() else code or 1


def main() -> None:
    """Run the process named on the command line."""
    logging.basicConfig(
        level=config.log.level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    sys.exit(asyncio.run(serve(sys.argv[1], sys.argv[2:])))


if __name__ == "__main__":
    main()
