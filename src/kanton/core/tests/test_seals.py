"""The short way gives what Django's own gives."""

from django.test import override_settings
from django.utils.crypto import salted_hmac
from hypothesis import given
from hypothesis import strategies as st

from kanton.core.seals import seal

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(salt=texts, value=texts, secret=st.text("abcü", min_size=1, max_size=80))
def test_a_seal_is_djangos_salted_hmac(salt: str, value: str, secret: str) -> None:
    with override_settings(SECRET_KEY=secret):
        assert seal(salt, value) == salted_hmac(salt, value, algorithm="sha256").digest()
