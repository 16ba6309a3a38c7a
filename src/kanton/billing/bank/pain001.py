"""Payment orders for the bank: pain.001.001.09 under the Swiss rules. Pure: the same input, the same bytes."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from lxml import etree

from kanton.config import config

if TYPE_CHECKING:
    from kanton.billing.bank.models import Transfer

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
#: What banks take: the Latin of SEPA and of the Swiss rules.
_ALLOWED = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:'/()?+-!\"#%&*;<>=@[]_{}`~$"
    "£ßÄÖÜäöüÀÁÂÇÈÉÊËÌÍÎÏÑÒÓÔÙÚÛÝàáâçèéêëìíîïñòóôùúûýŒœŠšŽžŸ"
)


def write(message: str, made_at: datetime, on: date, currency: str, transfers: Sequence[Transfer]) -> bytes:
    """The file: one order with one payment per transfer, each found again by its end-to-end id."""
    root = etree.Element(f"{{{NAMESPACE}}}Document", nsmap={None: NAMESPACE})  # type: ignore[dict-item]
    order = _add(root, "CstmrCdtTrfInitn")
    total = _sum(transfers)
    head = _add(order, "GrpHdr")
    _add(head, "MsgId", message)
    _add(head, "CreDtTm", made_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _add(head, "NbOfTxs", str(len(transfers)))
    _add(head, "CtrlSum", total)
    _add(_add(head, "InitgPty"), "Nm", _latin(config.operator.legal_name))
    info = _add(order, "PmtInf")
    _add(info, "PmtInfId", message)
    _add(info, "PmtMtd", "TRF")
    _add(info, "BtchBookg", "false")
    _add(info, "NbOfTxs", str(len(transfers)))
    _add(info, "CtrlSum", total)
    if currency == "EUR":
        _add(_add(_add(info, "PmtTpInf"), "SvcLvl"), "Cd", "SEPA")
    _add(_add(info, "ReqdExctnDt"), "Dt", on.isoformat())
    _add(_add(info, "Dbtr"), "Nm", _latin(config.operator.legal_name))
    account = _add(info, "DbtrAcct")
    _add(_add(account, "Id"), "IBAN", config.operator.iban)
    _add(account, "Ccy", currency)
    # The clearing number stands in the IBAN of Swiss accounts.
    agent = _add(_add(info, "DbtrAgt"), "FinInstnId")
    if config.operator.iban[:2] in ("CH", "LI"):
        member = _add(agent, "ClrSysMmbId")
        _add(_add(member, "ClrSysId"), "Cd", "CHBCC")
        _add(member, "MmbId", config.operator.iban[4:9])
    else:
        _add(_add(agent, "Othr"), "Id", "NOTPROVIDED")
    if currency == "EUR":
        _add(info, "ChrgBr", "SLEV")
    for each in transfers:
        _payment(info, each)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _payment(info: etree._Element, transfer: Transfer) -> None:
    payment = _add(info, "CdtTrfTxInf")
    ids = _add(payment, "PmtId")
    _add(ids, "InstrId", transfer.key or "")
    _add(ids, "EndToEndId", transfer.key or "")
    amount = _add(_add(payment, "Amt"), "InstdAmt", f"{transfer.amount.amount:.2f}")
    amount.set("Ccy", transfer.currency)
    _add(_add(payment, "Cdtr"), "Nm", _latin(transfer.name))
    _add(_add(_add(payment, "CdtrAcct"), "Id"), "IBAN", transfer.account)
    if text := _latin(transfer.text):
        _add(_add(payment, "RmtInf"), "Ustrd", text[:140])


def _sum(transfers: Sequence[Transfer]) -> str:
    minor = sum(each.minor for each in transfers)
    return f"{minor // 100}.{minor % 100:02d}"


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    found = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    found.text = text
    return found


def _latin(text: str) -> str:
    """The text in the letters that banks take."""
    kept = []
    for letter in unicodedata.normalize("NFC", text):
        if letter in _ALLOWED:
            kept.append(letter)
            continue
        plain = unicodedata.normalize("NFKD", letter)[0]
        kept.append(plain if plain in _ALLOWED else ".")
    return " ".join("".join(kept).split())[:140]
