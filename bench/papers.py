"""Billing documents as PDF in bulk, in the background: how many a second one core makes.

A process of its own with its own memory, as the worker has it. An invoice bears everything at once: two lines, the
QR-bill part with its code, and the Factur-X e-invoice inside. Each has another number, customer and amount.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench.report import Row

EACH = 200


def measure(folder: Path, _sizes: list[int], _seconds: int, turns: int) -> list[Row]:
    """Documents of three kinds, by the processor time they take: the machine may be busy with other things."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KANTON_")}
    done = subprocess.run(
        [sys.executable, "-m", "bench.papers", str(turns)],
        env=kept | {"KANTON_HOME": str(folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, list[dict[str, float]]] = json.loads(done.stdout.splitlines()[-1])
    rows = []
    for title, made in found.items():
        cpu, rates = [each["cpu"] for each in made], [1e6 / each["cpu"] for each in made]
        aim = 40.0 if title == "invoice with QR-bill and Factur-X" else None
        rows.append(
            Row(
                f"PDF: {title}",
                statistics.median(rates),
                "/s and core",
                aim=aim,
                turns=rates,
                cpu=statistics.median(cpu),
            )
        )
    return rows


def main(turns: int) -> dict[str, list[dict[str, float]]]:
    """Make documents, turn by turn; every one is looked at."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kanton.settings")
    import django

    django.setup()
    from kanton.billing.documents.invoice_pdf import render
    from kanton.billing.documents.model import DocumentKind

    kinds: dict[str, Any] = {
        "invoice with QR-bill and Factur-X": lambda number: document(number),
        "paid invoice with Factur-X": lambda number: replace(
            document(number), open_amount=document(number).open_amount.times(0)
        ),
        "pro forma with QR-bill": lambda number: replace(document(number), kind=DocumentKind.PRO_FORMA),
    }
    found: dict[str, list[dict[str, float]]] = {title: [] for title in kinds}
    for make in kinds.values():
        render(make(0))
    for turn in range(turns):
        for title, make in kinds.items():
            documents = [make(1 + turn * EACH + number) for number in range(EACH)]
            cpu, started = time.process_time(), time.perf_counter()
            made = [render(each) for each in documents]
            spent, cpu = time.perf_counter() - started, time.process_time() - cpu
            assert len(set(made)) == EACH and all(pdf.startswith(b"%PDF-1.7") for pdf in made)
            assert all((b"factur-x.xml" in pdf) == ("Factur-X" in title) for pdf in made)
            found[title].append({"cpu": cpu / EACH * 1e6, "seconds": spent / EACH, "bytes": len(made[0])})
    return found


def document(number: int) -> Any:
    """An open invoice of two lines to one of many customers."""
    from kanton.billing.documents.model import DocumentKind, DocumentLine, InvoiceDocument, Party
    from kanton.billing.pricing import price_line, totals
    from kanton.billing.references import reference_for
    from kanton.billing.vat import VatTable
    from kanton.core.money import Money

    today, account = date(2026, 11, 27), "CH4431999123000889012"
    tax = VatTable().tax_for("CH", today)
    lines = []
    for title, price, quantity in (("Domain .ch", 990 + number, 1), ("Mail", 150, 1 + number % 20)):
        priced = price_line(Money(price, "CHF"), quantity=quantity, periods=12, tax=tax)
        name = f"customer-{number}.example"
        lines.append(
            DocumentLine(
                title, quantity, priced.unit, priced.net, tax, name, today, today + timedelta(days=365), 12
            )
        )
    foot = totals([(line.net, line.tax) for line in lines], "CHF")
    return InvoiceDocument(
        kind=DocumentKind.INVOICE,
        language=("de", "fr", "it", "en", "es")[number % 5],
        seller=Party("Alpenhost AG", "Kirchenfeldstrasse 12", "3005", "Bern", "CH", "CHE-123.456.788 MWST"),
        customer=Party(f"Kundin {number} GmbH", f"Gasse {1 + number % 90}", f"{3000 + number % 900}", "Bern", "CH"),
        customer_number=f"C-{number:06d}",
        number=f"2026-{number:06d}",
        issued_on=today,
        lines=tuple(lines),
        totals=foot,
        open_amount=foot.total,
        due_on=today + timedelta(days=30),
        account=account,
        reference=reference_for(number or 1, account=account),
    )  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
