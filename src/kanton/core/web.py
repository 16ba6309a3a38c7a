"""What every face needs of a request: errors turned into pages, and the address somebody comes from."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template import TemplateDoesNotExist
from django.utils.translation import gettext as _

from kanton.config import config
from kanton.core.errors import DomainError


def client_address(request: HttpRequest) -> str:
    """The address of the caller: the connection's, or the one a trusted proxy reports."""
    remote: str = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if forwarded and _is_trusted(remote):
        for hop in reversed([part.strip() for part in forwarded.split(",")]):
            try:
                ip_address(hop)
            except ValueError:
                break
            remote = hop
            if not _is_trusted(hop):
                break
    return remote


def _is_trusted(address: str) -> bool:
    try:
        return any(ip_address(address) in ip_network(net) for net in config.web.trusted_proxies)
    except ValueError:
        return False


def error_page(
    request: HttpRequest, status: int, *, title: str, message: str, error: DomainError | None = None
) -> HttpResponse:
    """One page that says what happened and what to do next, within the shell when somebody is signed in."""
    context: dict[str, Any] = {"title": title, "message": message, "status": status, "error": error}
    try:
        page = render(request, "ui/error.html", context, status=status)
        # For htmx, which swaps no error page in: the sentence for the toast.
        page.headers["X-Problem"] = quote(message)
        return page
    except TemplateDoesNotExist:
        return HttpResponse(
            f"{title}\n\n{message}\n", status=status, content_type="text/plain; charset=utf-8"
        )


def domain_error_page(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The page for a business error that no form caught."""
    titles = {
        403: _("You may not do this"),
        404: _("Nothing here"),
        409: _("Something changed in the meantime"),
        429: _("A moment, please"),
        503: _("Not available at the moment"),
    }
    return error_page(
        request,
        error.status,
        title=titles.get(error.status, _("This could not be done")),
        message=error.sentence,
        error=error,
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """400 in words."""
    return error_page(
        request, 400, title=_("We could not read this request"),
        message=_("Your browser sent something that we cannot read. Go back, load the page again and repeat it."),
    )  # fmt: skip


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """403 in words."""
    return error_page(
        request, 403, title=_("You may not do this"),
        message=_("This needs a right that you do not have here. Ask an owner or administrator of the organization."),
    )  # fmt: skip


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """403 for a form without its secret: an old page, or a browser that keeps no cookies (ACC-124)."""
    return error_page(
        request, 403, title=_("This form is no longer valid"),
        message=_("Go back, load the page again and repeat it. If it happens again, allow cookies for this site."),
    )  # fmt: skip


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """404 in words."""
    return error_page(
        request, 404, title=_("Nothing here"),
        message=_("There is nothing at this address, or it is not yours to see. Check the organization you are in."),
    )  # fmt: skip


def server_error(request: HttpRequest) -> HttpResponseBase:
    """500 in words."""
    return error_page(
        request, 500, title=_("That was our mistake"),
        message=_("Something went wrong on our side. Nothing you entered was half done. Please try again in a moment."),
    )  # fmt: skip
