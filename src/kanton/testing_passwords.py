"""Passwords of tests: Argon2 like the real ones, with the least effort that it allows."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    """A hash in a millisecond."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
