"""The certificate the mail servers show: the configured one, or one of our own making."""

from __future__ import annotations

import datetime as dt
import fcntl
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kanton.products.mail.engine.files import make_private, write_atomically
from kanton.products.mail.engine.settings import EngineSettings

VALID_DAYS = 825
RENEWED_DAYS = 30


def certificate_of(settings: EngineSettings) -> tuple[Path, Path]:
    """Certificate and key files. Without configured ones a self-signed pair is made, and made anew before it ends."""
    if settings.tls_certificate and settings.tls_key:
        return settings.tls_certificate, settings.tls_key
    folder = make_private(settings.mail / "tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    # SMTP and IMAP start at the same moment. One makes the pair, else the key of one stands beside the certificate of
    # the other.
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_good(certificate, key):
            _make(certificate, key, settings.hostname)
    return certificate, key


def server_context(settings: EngineSettings) -> ssl.SSLContext:
    """The TLS side of our servers: TLS 1.2 and later."""
    certificate, key = certificate_of(settings)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def _is_good(certificate: Path, key: Path) -> bool:
    if not certificate.exists() or not key.exists():
        return False
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), None)
    except ValueError:
        return False
    if private.public_key() != found.public_key():
        return False
    return found.not_valid_after_utc > dt.datetime.now(dt.UTC) + dt.timedelta(days=RENEWED_DAYS)


def _make(certificate: Path, key: Path, hostname: str) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:64])])
    names: list[x509.GeneralName] = [x509.DNSName(hostname)]
    if hostname != "localhost":
        names.append(x509.DNSName("localhost"))
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_atomically(key, pem)
    write_atomically(certificate, built.public_bytes(serialization.Encoding.PEM), mode=0o644)
