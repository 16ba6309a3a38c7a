"""Answers that serve a browser with and without JavaScript from the same view."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from kanton.ui.shell import Text

KINDS = {
    "done": messages.SUCCESS,
    "note": messages.INFO,
    "waiting": messages.WARNING,
    "failed": messages.ERROR,
}


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asked, and so wants a part of the page and not all of it."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def hx_render(
    request: HttpRequest,
    page: str,
    partial: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """The partial for htmx, the whole page for everybody else. Use `status=422` to show a form's errors."""
    template = partial if is_htmx(request) else page
    response = render(request, template, dict(context or {}), status=status)
    response.headers["Vary"] = "HX-Request"
    return response


def toast(response: HttpResponse, text: Text, *, kind: str = "done", undo_url: str = "") -> HttpResponse:
    """Let an answer to htmx also show a toast; with `undo_url` it offers Undo for ten seconds."""
    _trigger(response, "kanton:toast", {"text": str(text), "kind": kind, "undo": undo_url})
    return response


def finished(
    request: HttpRequest,
    text: Text,
    *,
    to: str,
    kind: str = "done",
    undo_url: str = "",
) -> HttpResponse:
    """The usual end of a form: say what was done and go to a page, with or without JavaScript."""
    messages.add_message(request, KINDS[kind], str(text), extra_tags=f"undo:{undo_url}" if undo_url else "")
    if is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Redirect": to})
    return HttpResponseRedirect(to, status=303)


def send_to(request: HttpRequest, to: str) -> HttpResponse:
    """What a gate answers: go there instead, with or without JavaScript."""
    if is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Redirect": to})
    return HttpResponseRedirect(to)


def refresh(request: HttpRequest, *, to: str = "") -> HttpResponse:
    """Have the browser load the page again (or `to`), for changes that touch all of it."""
    if is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Redirect": to} if to else {"HX-Refresh": "true"})
    return HttpResponseRedirect(to or request.path, status=303)


def _trigger(response: HttpResponse, event: str, detail: Mapping[str, Any]) -> None:
    known = json.loads(response.headers.get("HX-Trigger", "{}"))
    known[event] = dict(detail)
    response.headers["HX-Trigger"] = json.dumps(known)
