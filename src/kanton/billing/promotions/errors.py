"""What can go wrong with codes and grants, in the customer's words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, Invalid


class MethodFirst(Conflict):
    """The code field can be used only after a payment method is chosen (BIL-33)."""

    code = "billing.method_first"
    message = _("Choose a payment method first; then enter the code.")


class CodeUnknown(Invalid):
    """Unknown, lapsed, withdrawn or somebody else's: one answer for all, so that guessing tells nothing."""

    code, field = "billing.code_unknown", "code"
    message = _("This code is not valid. Check how it is written and until when it holds.")


class NotForRenewals(Invalid):
    """A code for new products (BIL-35)."""

    code, field = "billing.code_not_for_renewals", "code"
    message = _("This code is for new products and takes nothing off a renewal.")


class OnlyOnRenewals(Conflict):
    """The bill is that of an order."""

    code = "billing.code_only_on_renewals"
    message = _(
        "This invoice is for an order. Codes for new products are entered in the cart, before ordering."
    )


class CodeForOther(Invalid):
    """Nothing in the cart fits (BIL-36)."""

    code, field = "billing.code_for_other", "code"
    message = _("This code is for %(product)s, which is not in your cart.")


class LineHasCode(Conflict):
    """One code per line (BIL-39)."""

    code, field = "billing.line_has_code", "code"
    message = _("This product already has a code.")


class CodeInCart(Conflict):
    """The same code twice (BIL-39)."""

    code, field = "billing.code_in_cart", "code"
    message = _("This code is in your cart already.")


class LineHasGrant(Conflict):
    """A line with a grant takes no code (BIL-40)."""

    code, field = "billing.line_has_grant", "code"
    message = _(
        "This product already has a free grant, so it takes no code. Remove the grant to use the code."
    )


class CodeCurrency(Invalid):
    """A fixed amount is in one currency (BIL-41)."""

    code, field = "billing.code_currency", "code"
    message = _("This code takes off an amount in %(currency)s, and you pay in another currency.")


class CodeUsed(Conflict):
    """Somebody placed an order with it first (BIL-43)."""

    code, field = "billing.code_used", "code"
    message = _("%(code)s is already used. Remove it from the cart, and look at the price again.")


class GrantNotHere(Invalid):
    """The grant is for another organization or product (BIL-38)."""

    code, field = "billing.grant_not_here", "grant"
    message = _(
        "This free grant is not for this organization or not for this product. Check exactly these two things."
    )


class CodeTaken(Conflict):
    """The staff wrote a code that exists."""

    code, field = "billing.code_taken", "code"
    message = _("There is a code with this name already.")
