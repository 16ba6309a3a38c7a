"""Web Push by the vectors of its standards, and the way to the push service."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kanton.accounts.authenticator import delivery, totp, webpush
from kanton.accounts.authenticator.delivery import Https, NotPublic, public_address
from kanton.accounts.authenticator.models import Device
from kanton.accounts.authenticator.protocol import base64url, from_base64url, public_point
from kanton.accounts.authenticator.tasks import knock
from kanton.accounts.authenticator.tests.conftest import Mailbox
from kanton.accounts.authenticator.tests.phone import Phone
from kanton.accounts.authenticator.webpush import Subscription
from kanton.config import config
from kanton.core import clock
from kanton.core.jobs import GiveUp, RetryIn

ENDPOINT = "https://push.example.net/send/abc"
KEY = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"


def number(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(from_base64url(text)), ec.SECP256R1())


def test_the_message_of_rfc_8291_comes_out_byte_by_byte() -> None:
    made = webpush.encrypted(
        b"When I grow up, I want to be a watermelon",
        Subscription(ENDPOINT, KEY, AUTH),
        salt=from_base64url("DGv6ra1nlYgDCS1FRnbzlw"),
        key=number("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
    )
    assert base64url(made) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
        "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_a_message_is_read_by_the_browser_it_is_for() -> None:
    browser, auth = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"
    theirs = public_point(browser.public_key())
    subscription = Subscription(ENDPOINT, base64url(theirs), base64url(auth))
    made = webpush.encrypted(b"hello", subscription)
    assert made != webpush.encrypted(b"hello", subscription)
    assert opened(made, browser, auth) == b"hello"
    with pytest.raises(ValueError, match="short"):
        webpush.encrypted(bytes(3001), subscription)


def opened(body: bytes, key: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What the browser reads."""
    salt, ours = body[:16], body[21:86]
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), ours))
    info = b"WebPush: info\0" + public_point(key.public_key()) + ours
    master = HKDF(hashes.SHA256(), 32, auth, info).derive(shared)
    content = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(master)
    nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(master)
    plain = AESGCM(content).decrypt(nonce, body[86:], None)
    assert plain[-1:] == b"\x02"
    return plain[:-1]


def test_the_server_says_who_it_is_by_rfc_8292() -> None:
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    told = webpush.headers(
        Subscription(ENDPOINT, KEY, AUTH), now=now, lives=timedelta(minutes=2), topic="t" * 40, is_urgent=True
    )
    scheme, token, key = told["Authorization"].replace(",", "").split(" ")
    assert (scheme, key) == ("vapid", f"k={webpush.public_key()}")
    point = from_base64url(webpush.public_key())
    assert len(point) == 65
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    claims = jwt.decode(
        token.removeprefix("t="), public, algorithms=["ES256"], audience="https://push.example.net",
        options={"verify_exp": False},
    )  # fmt: skip
    assert claims["sub"] == f"mailto:{config.operator.email}"
    assert 0 < claims["exp"] - now.timestamp() <= 24 * 3600
    assert (told["TTL"], told["Urgency"], told["Content-Encoding"]) == ("120", "high", "aes128gcm")
    assert told["Topic"] == "t" * 32


@pytest.mark.parametrize(
    ("endpoint", "key", "auth"),
    [
        ("http://push.example.net/x", KEY, AUTH),
        ("https://push.example.net:8443/x", KEY, AUTH),
        ("https://user@push.example.net/x", KEY, AUTH),
        ("https://localhost/x", KEY, AUTH),
        ("https://127.0.0.1/x", KEY, AUTH),
        ("https://[::1]/x", KEY, AUTH),
        ("https://push.example.net/" + "x" * 1000, KEY, AUTH),
        (ENDPOINT, KEY[:-4], AUTH),
        (ENDPOINT, KEY, "AAAA"),
        ("", KEY, AUTH),
    ],
)
def test_only_public_places_and_right_keys_are_subscriptions(endpoint: str, key: str, auth: str) -> None:
    assert not Subscription(endpoint, key, auth).is_possible
    assert Subscription(ENDPOINT, KEY, AUTH).is_possible


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.8", "169.254.169.254", "::1", "fd00::1", "224.0.0.1"]
)
def test_no_name_leads_into_a_private_network(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    def found(host: str, port: int, **_more: Any) -> list[Any]:
        return [(0, 0, 0, "", ("93.184.216.34", port)), (0, 0, 0, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    with pytest.raises(NotPublic):
        Https().deliver(ENDPOINT, {}, b"")


def test_the_first_address_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, port, **_more: [(0, 0, 0, "", ("93.184.216.34", port))]
    )
    monkeypatch.setattr(socket, "create_connection", connect)
    assert public_address("push.example.net") == "93.184.216.34"
    with pytest.raises(ConnectionRefusedError):
        Https().deliver(ENDPOINT, {}, b"")
    assert tried == [("93.184.216.34", 443)]


def test_a_knock_says_which_account_and_no_more(phone: Phone, push_service: Mailbox) -> None:
    browser, auth = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"
    keys = {"p256dh": base64url(public_point(browser.public_key())), "auth": base64url(auth)}
    assert phone.signed_post("push", {"endpoint": ENDPOINT, **keys}).json() == {"push": True}
    device, until = Device.objects.get(), clock.now().timestamp() + 100
    assert ENDPOINT not in str(Device.objects.values_list("push", flat=True).query)
    assert knock.call(device.pk, "request", until) == "delivered"
    [(endpoint, told, body)] = push_service.got
    assert (endpoint, told["Topic"]) == (ENDPOINT, phone.device)
    assert 98 <= int(told["TTL"]) <= 100
    assert json.loads(opened(body, browser, auth)) == {"v": 1, "device": phone.device, "kind": "request"}
    push_service.status = 503
    with pytest.raises(RetryIn):
        knock.call(device.pk, "request", until)
    push_service.status = ConnectionRefusedError()
    with pytest.raises(RetryIn):
        knock.call(device.pk, "request", until)
    push_service.status = 400
    with pytest.raises(GiveUp):
        knock.call(device.pk, "request", until)
    assert knock.call(device.pk, "request", clock.now().timestamp() - 1) == "too late"
    push_service.status = 410
    assert knock.call(device.pk, "request", until) == "the browser no longer takes messages"
    device.refresh_from_db()
    assert device.push == ""
    assert knock.call(device.pk, "request", until) == "no subscription"


def test_a_phone_can_stop_being_notified(phone: Phone) -> None:
    phone.signed_post("push", {"endpoint": ENDPOINT, "p256dh": KEY, "auth": AUTH})
    assert phone.state().json()["push"] is True
    assert phone.signed_post("push", {}).json() == {"push": False}
    assert phone.state().json()["push"] is False
    refused = phone.signed_post("push", {"endpoint": "https://localhost/", "p256dh": KEY, "auth": AUTH})
    assert refused.status_code == 422


def test_codes_are_those_of_rfc_6238() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    vectors = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    for second, code in vectors.items():
        assert totp.code_at(secret, second // 30) == code


def test_the_real_service_is_used_outside_tests() -> None:
    assert isinstance(delivery.service(), Https)
