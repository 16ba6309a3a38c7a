"""The sign-in page: address and password, and below it what rooms add, such as passkeys and single sign-on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from kanton.accounts.web import safe_next


@dataclass(frozen=True)
class Part:
    """Another way in, below the form. `context` must not depend on the address typed; None hides the part."""

    key: str
    template: str
    context: Callable[[HttpRequest], dict[str, Any] | None]
    order: int = 50


_parts: dict[str, Part] = {}


def add_part(part: Part) -> None:
    """Called when Django starts."""
    _parts[part.key] = part


def sign_in_page(
    request: HttpRequest, form: Any, *, errors: Sequence[str] = (), status: int = 200
) -> HttpResponse:
    """The page with this form; `errors` are those of another way in."""
    parts = []
    # Passkeys and single sign-on are bound to the provider's own address.
    others = () if hasattr(request, "brand") else _parts.values()
    for part in sorted(others, key=lambda part: part.order):
        context = part.context(request)
        if context is not None:
            parts.append(render_to_string(part.template, context, request=request))
    context = {"form": form, "errors": errors, "parts": parts, "next": safe_next(request)}
    return render(request, "accounts/login.html", context, status=status)
