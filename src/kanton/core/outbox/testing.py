"""For tests: the mails and short messages that Kanton wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from kanton.core.outbox.models import Mail, Sms


@dataclass(frozen=True)
class SentMail:
    """A mail, and whether it is one that opens something."""

    to: list[str]
    subject: str
    text: str
    html: str
    kind: str
    language: str
    template: str
    is_secret: bool

    @property
    def link(self) -> str:
        """The first address on a line of its own: the step to take."""
        return next(line.strip() for line in self.text.splitlines() if line.strip().startswith("http"))


class Outbox(Sequence[SentMail]):
    """Like a list of the mails written so far, delivered or not. Mails that a job writes need `run_jobs` first."""

    def _mails(self) -> list[SentMail]:
        return [
            SentMail(
                [mail.to], mail.subject, mail.text, mail.html, mail.kind, mail.language, mail.template,
                mail.is_secret,
            )
            for mail in Mail.objects.order_by("pk")
        ]  # fmt: skip

    @overload
    def __getitem__(self, index: int) -> SentMail: ...
    @overload
    def __getitem__(self, index: slice) -> list[SentMail]: ...
    def __getitem__(self, index: int | slice) -> SentMail | list[SentMail]:
        return self._mails()[index]

    def __len__(self) -> int:
        return len(self._mails())

    def __iter__(self) -> Iterator[SentMail]:
        return iter(self._mails())

    def __repr__(self) -> str:
        return repr(self._mails())

    @property
    def messages(self) -> list[tuple[str, str]]:
        """The short messages, as (number, text)."""
        return [(sms.to, sms.text) for sms in Sms.objects.order_by("pk")]
