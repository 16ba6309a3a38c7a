"""A loopback CONNECT proxy that ends TLS with an authority made for the test, and hands requests to Kanton.

Public clients of the API have their server's name built in. They run unmodified with

    HTTPS_PROXY=proxy.url  REQUESTS_CA_BUNDLE=proxy.authority  SSL_CERT_FILE=proxy.authority

and believe to speak with that server; nothing leaves the machine.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CHUNK = 65536


class TlsProxy:
    """`with TlsProxy(folder, to=("127.0.0.1", 8000), names=["api.example.com"]) as proxy: …`"""

    def __init__(self, folder: Path, *, to: tuple[str, int], names: list[str]) -> None:
        self._to = to
        self.names = names
        self.connections = 0
        self.refused: list[str] = []
        self.authority = folder / "authority.pem"
        certificate = folder / "server.pem"
        _make_certificates(self.authority, certificate, names)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopping = False

    @property
    def url(self) -> str:
        """What goes into HTTPS_PROXY."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What a client's process needs, and nothing that would lead around the proxy."""
        authority = str(self.authority)
        return {
            "HTTPS_PROXY": self.url,
            "https_proxy": self.url,
            "REQUESTS_CA_BUNDLE": authority,
            "SSL_CERT_FILE": authority,
            "CURL_CA_BUNDLE": authority,
            "NO_PROXY": "",
            "no_proxy": "",
        }

    def __enter__(self) -> TlsProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self._listener.close()

    def _accept(self) -> None:
        while not self._stopping:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            client.settimeout(240)
            head = b""
            while b"\r\n\r\n" not in head and len(head) < CHUNK:
                piece = client.recv(CHUNK)
                if not piece:
                    return
                head += piece
            method, _space, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
            name = rest.partition(" ")[0].partition(":")[0]
            if method != "CONNECT" or name not in self.names:
                self.refused.append(f"{method} {rest}")
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self.connections += 1
            try:
                with (
                    self._tls.wrap_socket(client, server_side=True) as inner,
                    socket.create_connection(self._to, timeout=240) as kanton,
                ):
                    _relay(inner, kanton)
            except OSError:
                return


def _relay(inner: ssl.SSLSocket, kanton: socket.socket) -> None:
    """Copy both ways until Kanton ends, in one thread: two at once in one TLS connection lose it now and then."""
    open_sides = [inner, kanton]
    while kanton in open_sides:
        ready = (
            [inner] if inner in open_sides and inner.pending() else select.select(open_sides, [], [], 240)[0]
        )
        if not ready:
            return
        if inner in ready:
            inner.settimeout(0)
            try:
                data = inner.recv(CHUNK)
            except ssl.SSLWantReadError:
                continue
            finally:
                inner.settimeout(240)
            if data:
                kanton.sendall(data)
            else:
                open_sides.remove(inner)
                kanton.shutdown(socket.SHUT_WR)
        elif data := kanton.recv(CHUNK):
            inner.sendall(data)
        else:
            open_sides.remove(kanton)


def _make_certificates(authority: Path, server: Path, names: list[str]) -> None:
    """An authority, and a certificate for these names with its key, good for a day."""
    now = datetime.now(UTC)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Kanton's tests, a throw-away authority")])

    def builder(subject: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root_name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
        )

    identifier = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip
    root = (
        builder(root_name, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]), key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(root_key, hashes.SHA256())
    )
    authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    server.write_bytes(private + leaf.public_bytes(serialization.Encoding.PEM))
    server.chmod(0o600)
