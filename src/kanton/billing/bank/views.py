"""The pages of the bank: for staff the work list, for customers withdrawals and top-ups by transfer."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.web import AccountRequest, staff_page
from kanton.billing.bank import queries
from kanton.billing.bank.actions import (
    ask_withdrawal,
    assign_to_invoice,
    assign_to_prepaid,
    book_charges,
    book_provider_payout,
    cancel_withdrawal,
    confirm_proposal,
    import_statement,
    make_transfer_file,
    mark_transfer_done,
    mark_transfer_returned,
    send_back,
    top_up_by_transfer,
)
from kanton.billing.bank.forms import ImportForm, SendBackForm, WithdrawForm
from kanton.billing.bank.models import BankItem, ItemState, Statement
from kanton.billing.bank.tables import (
    ITEM_KINDS,
    TIER_KINDS,
    FileTable,
    ItemTable,
    StatementTable,
    TransferTable,
    WithdrawalTable,
)
from kanton.billing.bank.words import WHY
from kanton.billing.payments.contract import providers_for
from kanton.billing.references import printed
from kanton.core.errors import DomainError
from kanton.core.money import CURRENCIES, Money
from kanton.core.parity import shows
from kanton.organizations.rights import ACCOUNTING, WITHDRAW
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui import formats
from kanton.ui import forms as ui
from kanton.ui.hx import finished
from kanton.ui.tables import Empty

# ── Staff: what came in


@require_GET
@staff_page
@shows(queries.bank_items, queries.bank_health)
def worklist(request: AccountRequest) -> HttpResponse:
    """What the bank reported: what waits for somebody, unless another state is asked for."""
    rows = queries.bank_items(request.actor)
    is_all = bool({"state", "outcome", "q", "all"} & set(request.GET))
    table = ItemTable(request, rows if is_all else rows.filter(state=ItemState.OPEN))
    if not is_all and BankItem.objects.exists():
        table.empty = Empty(
            _("Nothing waits for you"),
            _("Every payment that the bank reported is settled."),
            _("Show all payments"),
            request.path + "?all=1",
            icon="circle-check",
        )
    health = queries.bank_health(request.actor)
    return table.response("bank/worklist.html", {"health": health, "is_all": is_all})


@require_http_methods(["GET", "POST"])
@staff_page
def take_in(request: AccountRequest) -> HttpResponse:
    """Take in a file of the bank."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    return ui.carry_out(
        request, form, import_statement, None,
        page="bank/import.html", partial="bank/_import_form.html",
        then=lambda found: finished(request, _taken(found), to=reverse("bank:worklist")),
    )  # fmt: skip


def _taken(statements: list[Statement]) -> str:
    new = sum(each.new_entries for each in statements)
    return ngettext(
        "The statement is taken in: %(n)s new entry. Matching goes on by itself.",
        "The statement is taken in: %(n)s new entries. Matching goes on by itself.",
        new,
    ) % {"n": new}


@require_GET
@staff_page
@shows(queries.statements)
def statements(request: AccountRequest) -> HttpResponse:
    """The files that were taken in."""
    return StatementTable(request, queries.statements(request.actor)).response("bank/statements.html")


@require_GET
@staff_page
@shows(queries.bank_item, queries.invoices_for, queries.organizations_for)
def item(request: AccountRequest, number: int) -> HttpResponse:
    """One payment: what the bank said, what it seems to be for, and the ways to settle it."""
    found = queries.bank_item(request.actor, number)
    words = request.GET.get("q", "")
    context = {
        "item": found,
        "kind": ITEM_KINDS.get(ItemState(found.state), ""),
        "tier_kind": TIER_KINDS.get(found.tier, ""),  # type: ignore[call-overload]
        "why": WHY.get(found.why, ""),
        "is_open": found.state == ItemState.OPEN,
        "words": words,
        "invoices": queries.invoices_for(request.actor, words),
        "organizations": queries.organizations_for(request.actor, words),
        "providers": providers_for(found.bank_entry.currency),
    }
    return render(request, "bank/item.html", context)


@require_POST
@staff_page
def confirm(request: AccountRequest, number: int) -> HttpResponse:
    """Settle as proposed."""
    found = queries.bank_item(request.actor, number)
    return _settled(request, found, lambda: confirm_proposal(request.actor, found))


@require_POST
@staff_page
def to_invoice(request: AccountRequest, number: int, invoice: int) -> HttpResponse:
    """Settle an invoice with it."""
    found = queries.bank_item(request.actor, number)
    chosen = queries.payable_invoice(request.actor, invoice)
    return _settled(request, found, lambda: assign_to_invoice(request.actor, found, invoice=chosen))


@require_POST
@staff_page
def to_prepaid(request: AccountRequest, number: int, customer: int) -> HttpResponse:
    """Credit it to a prepaid account."""
    found = queries.bank_item(request.actor, number)
    chosen = queries.any_organization(request.actor, customer)
    return _settled(request, found, lambda: assign_to_prepaid(request.actor, found, organization=chosen))


@require_POST
@staff_page
def charges(request: AccountRequest, number: int) -> HttpResponse:
    """Book it as bank charges."""
    found = queries.bank_item(request.actor, number)
    return _settled(request, found, lambda: book_charges(request.actor, found))


@require_POST
@staff_page
def payout(request: AccountRequest, number: int) -> HttpResponse:
    """Book it as a payment provider's payout."""
    found = queries.bank_item(request.actor, number)
    provider = request.POST.get("provider", "")
    return _settled(request, found, lambda: book_provider_payout(request.actor, found, provider=provider))


@require_http_methods(["GET", "POST"])
@staff_page
def back(request: AccountRequest, number: int) -> HttpResponse:
    """Send it back."""
    found = queries.bank_item(request.actor, number)
    return ui.carry_out(
        request,
        SendBackForm(
            request.POST if request.method == "POST" else None,
            initial={"name": found.name, "account": found.iban},
        ),
        send_back,
        found,
        page="bank/send_back.html",
        partial="bank/_send_back_form.html",
        context={"item": found},
        then=lambda transfer: finished(
            request, _("It goes back with the next payment file."), to=reverse("bank:transfers")
        ),
    )  # fmt: skip


def _settled(request: AccountRequest, found: BankItem, do: object) -> HttpResponse:
    here = reverse("bank:item", args=[found.pk])
    try:
        do()  # type: ignore[operator]
    except DomainError as error:
        return finished(request, error.sentence, to=here, kind="failed")
    following = queries.bank_items(request.actor).filter(state=ItemState.OPEN).first()
    to = reverse("bank:item", args=[following.pk]) if following else reverse("bank:worklist")
    return finished(request, _("%(amount)s are settled.") % {"amount": formats.money(found.amount)}, to=to)


# ── Staff: what goes out


@require_GET
@staff_page
@shows(queries.transfers, queries.transfer_files)
def transfers(request: AccountRequest) -> HttpResponse:
    """Transfers, and the files in which they went to the bank."""
    files = FileTable(request, queries.transfer_files(request.actor))
    context = {"files": files, "currencies": CURRENCIES}
    return TransferTable(request, queries.transfers(request.actor)).response("bank/transfers.html", context)


@require_POST
@staff_page
def new_file(request: AccountRequest) -> HttpResponse:
    """Make a payment file of what waits."""
    currency = request.POST.get("currency", "")
    try:
        made = make_transfer_file(request.actor, None, currency=currency if currency in CURRENCIES else "CHF")
    except DomainError as error:
        return finished(request, error.sentence, to=reverse("bank:transfers"), kind="failed")
    said = _("The payment file over %(total)s is ready: download it and hand it to your bank.") % {
        "total": formats.money(made.total)
    }
    return finished(request, said, to=reverse("bank:transfers"))


@never_cache
@require_GET
@staff_page
@shows(queries.transfer_file)
def transfer_file(request: AccountRequest, number: int) -> HttpResponse:
    """The payment file, for the bank."""
    found = queries.transfer_file(request.actor, number)
    response = HttpResponse(bytes(found.content), content_type="application/xml")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.message}.xml"'
    return response


@require_POST
@staff_page
def transfer_done(request: AccountRequest, number: int) -> HttpResponse:
    """A transfer was sent by hand."""
    found = queries.transfer(request.actor, number)
    mark_transfer_done(request.actor, found)
    return finished(request, _("It is noted as sent."), to=reverse("bank:transfers"))


@require_POST
@staff_page
def transfer_returned(request: AccountRequest, number: int) -> HttpResponse:
    """A transfer was not carried out."""
    found = queries.transfer(request.actor, number)
    mark_transfer_returned(request.actor, found)
    return finished(request, _("The money is on the prepaid account again."), to=reverse("bank:transfers"))


# ── Customers


@require_GET
@shows(queries.withdrawals_of)
def withdrawals(request: ConsoleRequest) -> HttpResponse:
    """The organization's withdrawals."""
    may = request.actor.decide(WITHDRAW, request.organization)
    rows = queries.withdrawals_of(request.actor, request.organization)
    table = WithdrawalTable(request, rows, may_withdraw=may)
    table.empty = Empty(
        _("No withdrawals yet"),
        _("An owner can have the balance of the prepaid account paid out."),
        _("Recover the balance"),
        reverse("bank:withdraw", args=[request.organization.slug]),
        icon="wallet",
        decision=may,
    )
    return table.response("bank/withdrawals.html", {"may_withdraw": may})


@never_cache
@require_http_methods(["GET", "POST"])
@needs(WITHDRAW)
@shows(queries.withdrawable)
def withdraw(request: ConsoleRequest) -> HttpResponse:
    """Recover balance (BIL-54): from the account in the currency asked for."""
    slug = request.organization.slug
    found = queries.withdrawable(request.actor, request.organization)
    wanted = request.GET.get("currency", "")
    chosen = next((each for each in found if each.balance.currency == wanted), found[0] if found else None)
    available = chosen.available if chosen else Money.zero(request.organization.currency)
    form = WithdrawForm(
        available,
        request.POST if request.method == "POST" else None,
        initial={"name": request.organization.name},
    )
    return ui.carry_out(
        request, form, ask_withdrawal, request.organization,
        page="bank/withdraw.html", partial="bank/_withdraw_form.html",
        context={"available": available, "others": [each for each in found if each is not chosen]},
        then=lambda asked: finished(
            request,
            _("%(amount)s are on their way to %(account)s.")
            % {"amount": formats.money(asked.amount), "account": asked.account_hint},
            to=reverse("bank:withdrawals", args=[slug]),
        ),
    )  # fmt: skip


@require_POST
def cancel(request: ConsoleRequest, number: int) -> HttpResponse:
    """Take a withdrawal back."""
    found = queries.withdrawal_of(request.actor, request.organization, number)
    cancel_withdrawal(request.actor, found)
    said = _("The withdrawal is cancelled; the money is on the prepaid account.")
    return finished(request, said, to=reverse("bank:withdrawals", args=[request.organization.slug]))


@require_http_methods(["GET", "POST"])
@needs(ACCOUNTING)
def by_transfer(request: ConsoleRequest) -> HttpResponse:
    """How to top up by bank transfer: account and reference (BIL-61)."""
    found = None
    if request.method == "POST":
        found = top_up_by_transfer(request.actor, request.organization)
    context = {"found": found, "reference": printed(found.reference) if found and found.reference else ""}
    return render(request, "bank/by_transfer.html", context)
