"""What can go wrong with a list of people to invite."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class NothingPasted(DomainError):
    code, status, field = "inviting.nothing_pasted", 422, "table"
    message = _("There is no address in it yet. Paste addresses, or choose a file.")


class TooLarge(DomainError):
    code, status, field = "inviting.too_large", 422, "table"
    message = _("The list is too large: at most %(kilobytes)s KB at once. Divide it into several.")


class TooManyLines(DomainError):
    code, status, field = "inviting.too_many_lines", 422, "table"
    message = _("The list is too long: at most %(most)s people at once. Divide it into several.")


class NoText(DomainError):
    code, status, field = "inviting.no_text", 422, "table"
    message = _(
        "This is no text table. In your spreadsheet program, save the list as “CSV” and choose that file."
    )


class LinesRefused(DomainError):
    """Some lines cannot be invited, so nobody is."""

    code, status, field = "inviting.lines_refused", 422, "table"
    message = _("Nobody was invited, because some lines need care. %(lines)s")
