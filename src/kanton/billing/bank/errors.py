"""What can go wrong with statements and transfers."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, Invalid


class Unreadable(Invalid):
    """The file is not a statement that can be taken in; nothing of it was."""

    code, field = "bank.unreadable", "file"
    message = _("This file cannot be taken in: %(reason)s Nothing of it was booked.")


class NotOurAccount(Invalid):
    """A statement of an account that the settings do not name."""

    code, field = "bank.not_our_account", "file"
    message = _(
        "This is a statement of the account %(account)s, which is not yours. If it is, add it to bank.accounts in "
        "kanton.toml. Nothing was booked."
    )


class SettledBefore(Conflict):
    """Somebody else, or the clockwork, was faster."""

    code = "bank.settled_before"
    message = _("This payment has been settled meanwhile. Load the page again to see how.")


class NoProposal(Conflict):
    """There is nothing to confirm."""

    code = "bank.no_proposal"
    message = _("There is no proposal for this payment. Choose an invoice or an organization.")


class OnlyIncoming(Conflict):
    """Only money that came in can pay something."""

    code = "bank.only_incoming"
    message = _("This is money that went out; it cannot pay an invoice or be sent back.")


class NoAccountToSendTo(Invalid):
    """The bank did not say whose the payment was."""

    code, field = "bank.no_account_to_send_to", "account"
    message = _("The bank has not named the payer’s account. Write the IBAN to which the money goes back.")


class BadIban(Invalid):
    """A mistyped account number."""

    code, field = "bank.bad_iban", "account"
    message = _("This is not a valid IBAN. Please check it digit by digit.")


class BadPaypal(Invalid):
    """A mistyped PayPal address."""

    code, field = "bank.bad_paypal", "account"
    message = _("Write the e-mail address of the PayPal account.")


class TooLittle(Invalid):
    """Below the operator's limit."""

    code, field = "bank.too_little", "amount"
    message = _("A withdrawal is at least %(least)s.")


class NotToBeChanged(Conflict):
    """The bank has the transfer, or it is over."""

    code = "bank.not_to_be_changed"
    message = _("This transfer is “%(state)s” and can no longer be changed this way.")


class NothingToTransfer(Conflict):
    """No transfer waits for a file."""

    code = "bank.nothing_to_transfer"
    message = _("No transfer in %(currency)s waits for the bank.")


class UnknownProvider(Invalid):
    """No such payment provider."""

    code, field = "bank.unknown_provider", "provider"
    message = _("There is no such payment provider.")
