"""The bank's pages, and the watched folder, as people use them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kanton.accounts.models import Person
from kanton.billing import prepaid
from kanton.billing.actions import confirm_payment, top_up
from kanton.billing.bank.models import BankItem, Statement, Transfer
from kanton.billing.bank.tasks import book_statements, match_all
from kanton.billing.bank.tests.bank_files import PAYER, camt, pay
from kanton.billing.models import Invoice
from kanton.config import Bank, overriding
from kanton.core.actor import Actor, System
from kanton.core.money import Money
from kanton.organizations.models import Organization
from kanton.testing import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.mark.spec("BIL-64", "BIL-69")
def test_staff_upload_a_statement_and_settle_the_rest_with_one_click(
    client: Client, sam: Person, invoice: Invoice, acme: Organization
) -> None:
    client.force_login(sam)
    assert "Nothing from the bank yet" in client.get("/staff/bank").content.decode()
    content = camt(pay("1.00", "RF00123", name="Typo"), pay("54.05", name="Acme", id="named"))
    answer = client.post("/staff/bank/import", {"file": SimpleUploadedFile("nov.xml", content)})
    assert answer.status_code == 303
    match_all()
    page = client.get("/staff/bank").content.decode()
    assert "Typo" in page and "fails its check digits" in page
    assert "nov.xml" in client.get("/staff/bank/statements").content.decode()
    named = BankItem.objects.get(name="Acme")
    here = f"/staff/bank/payments/{named.pk}"
    assert f"P-{invoice.pk}" in client.get(here).content.decode()
    answer = client.post(f"{here}/confirm")
    typo = BankItem.objects.get(name="Typo")
    assert (answer.status_code, answer["Location"]) == (303, f"/staff/bank/payments/{typo.pk}")
    found = client.get(f"/staff/bank/payments/{typo.pk}", {"q": "acme"}).content.decode()
    assert f"/staff/bank/payments/{typo.pk}/customers/{acme.pk}" in found
    again = client.post(f"{here}/confirm", follow=True).content.decode()
    assert "has been settled meanwhile" in again
    client.post(f"/staff/bank/payments/{typo.pk}/customers/{acme.pk}")
    assert prepaid.standing(acme, "CHF").balance == Money.of("1.00", "CHF")
    assert "Nothing waits for you" in client.get("/staff/bank").content.decode()
    bad = client.post("/staff/bank/import", {"file": SimpleUploadedFile("bad.xml", b"<x/>")})
    assert bad.status_code == 422 and "it is not camt.053 or camt.054" in bad.content.decode()


@pytest.mark.spec("BIL-54", "BIL-62")
def test_an_owner_recovers_the_balance_and_staff_make_the_file(
    client: Client, ana: Person, sam: Person, owner: Actor, acme: Organization
) -> None:
    amount = Money.of("100", "CHF")
    confirm_payment(
        System("test"), top_up(owner, acme, amount=amount, method="test"), charge="c", amount=amount
    )
    client.force_login(ana)
    assert "100.00" in client.get("/o/acme/prepaid/withdraw").content.decode()
    form = {
        "amount": "100.00", "destination": "bank", "name": "Acme", "account": PAYER, "password": PASSWORD,
    }  # fmt: skip
    preview = client.post("/o/acme/prepaid/withdraw", form | {"_preview": "1"})
    assert preview.status_code == 200
    answer = client.post("/o/acme/prepaid/withdraw", form)
    assert answer["Location"] == "/o/acme/prepaid/withdrawals"
    assert "CH56 … 8009" in client.get("/o/acme/prepaid/withdrawals").content.decode()
    assert "There is nothing to recover" in client.get("/o/acme/prepaid/withdraw").content.decode()
    client.force_login(sam)
    client.post("/staff/bank/transfers/file", {"currency": "CHF"})
    transfer = Transfer.objects.get()
    file = client.get(f"/staff/bank/files/{transfer.file_id}")
    assert (
        file["Content-Disposition"].startswith('attachment; filename="K-') and PAYER.encode() in file.content
    )
    assert "K-" in client.get("/staff/bank/transfers").content.decode()


def test_an_accountant_sees_how_to_top_up_by_transfer(
    client: Client, ana: Person, acme: Organization
) -> None:
    client.force_login(ana)
    assert "Show account and reference" in client.get("/o/acme/prepaid/transfer").content.decode()
    assert "CH4431999123000889012" in client.post("/o/acme/prepaid/transfer").content.decode()


@pytest.mark.spec("BIL-72")
def test_the_watched_folder_is_emptied_and_bad_files_are_put_aside_with_the_reason(
    tmp_path: Path, invoice: Invoice
) -> None:
    (tmp_path / "good.xml").write_bytes(camt(pay("54.05", invoice.reference or "")))
    (tmp_path / "bad.xml").write_bytes(b"<x/>")
    (tmp_path / "readme.md").write_text("not ours")
    (tmp_path / "link.xml").symlink_to("/etc/passwd")
    with overriding(bank=Bank(folder=str(tmp_path))):
        book_statements()
        book_statements()
    invoice.refresh_from_db()
    assert invoice.status == "paid" and Statement.objects.count() == 1
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")) == [
        "done/good.xml", "link.xml", "readme.md", "refused/bad.txt", "refused/bad.xml",
    ]  # fmt: skip
    assert "cannot be taken in" in (tmp_path / "refused" / "bad.txt").read_text()
