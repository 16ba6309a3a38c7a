"""The engine of this installation, as its configuration says."""

from __future__ import annotations

import functools
from pathlib import Path

from kanton.config import Config, config
from kanton.config_values import listening_address
from kanton.products.mail.engine.embedded import EmbeddedMailEngine
from kanton.products.mail.engine.port import MailEngine
from kanton.products.mail.engine.settings import EngineSettings, Outgoing, Relay

_TLS = {"none": "none", "starttls": "starttls", "tls": "implicit"}


def settings_of(configuration: Config) -> EngineSettings:
    """The engine's settings as this installation's configuration says."""
    smtp, imap = configuration.smtp, configuration.imap
    return EngineSettings(
        home=configuration.home,
        hostname=smtp.hostname,
        listen=listening_address(smtp.host),
        imap_listen=listening_address(imap.host),
        smtp_port=smtp.port,
        submission_port=smtp.submission_port,
        submissions_port=smtp.submissions_port,
        imap_port=imap.port,
        imaps_port=imap.tls_port,
        imap_server=imap.engine,
        tls_certificate=Path(smtp.tls_certificate) if smtp.tls_certificate else None,
        tls_key=Path(smtp.tls_key) if smtp.tls_key else None,
        outgoing=Outgoing(smtp.outgoing),
        relay=Relay(
            smtp.relay_host, smtp.relay_port, smtp.relay_user, smtp.relay_password, _TLS[smtp.relay_tls]
        ),
        message_bytes_max=smtp.max_message_bytes,
        recipients_max=smtp.max_recipients,
    )


def engine_settings() -> EngineSettings:
    """Where this installation's embedded engine lives and listens."""
    return settings_of(config)


@functools.lru_cache(maxsize=4)
def _engine(settings: EngineSettings) -> EmbeddedMailEngine:
    return EmbeddedMailEngine(settings)


def mail_engine() -> MailEngine:
    """This installation's engine behind its port; the same object while the settings stay the same."""
    return _engine(engine_settings())
