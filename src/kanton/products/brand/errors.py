"""What can go wrong with a Custom Brand."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError


class BadHost(DomainError):
    """Not a host name that a brand can have."""

    code, status, field = "brand.bad_host", 422, "name"
    message = _("“%(host)s” is no host name. Choose one below a domain of yours, such as manager.acme.ch.")


class HostOfProvider(DomainError):
    """A name that belongs to whoever runs this installation."""

    code, status, field = "brand.host_of_provider", 422, "name"
    message = _("%(host)s belongs to us. Choose a name below a domain of yours.")


class HostTaken(DomainError):
    """Another brand has proved that it controls the name."""

    code, status, field = "brand.host_taken", 409, "name"
    message = _("%(host)s is in use by another Custom Brand.")


class BadAccent(DomainError):
    """Not a colour."""

    code, status, field = "brand.bad_accent", 422, "accent"
    message = _("Write the colour as # and six digits from 0 to f, such as #0b686e.")


class UnreadableAccent(DomainError):
    """A colour on which nothing can be read without changing it beyond recognition (WCAG 2, 1.4.3)."""

    code, status, field = "brand.unreadable_accent", 422, "accent"
    message = _(
        "On white, #%(colour)s has a contrast of %(contrast)s; links need 4.5. The nearest colour that reads is "
        "#%(nearest)s."
    )


class NotRunning(DomainError):
    """The brand was cancelled or is suspended."""

    code, status = "brand.not_running", 409
    message = _("This Custom Brand does not run any more.")
