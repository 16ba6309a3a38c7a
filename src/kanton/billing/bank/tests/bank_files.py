"""Files as Swiss banks write them, made for tests."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

QR_IBAN, IBAN = "CH4431999123000889012", "CH9300762011623852957"
PAYER = "CH5604835012345678009"


@dataclass(frozen=True)
class Pay:
    """One payment within an entry."""

    amount: str
    reference: str = ""
    text: str = ""
    name: str = "Acme"
    iban: str = PAYER
    end_to_end: str = ""
    reason: str = ""
    out: bool = False

    def xml(self, version: str, currency: str, *, is_out: bool) -> str:
        kind = "QRR" if len(self.reference) == 27 else "SCOR"
        kind = f"<Cd>{kind}</Cd>" if kind == "SCOR" else f"<Prtry>{kind}</Prtry>"
        strd = (
            f"<Strd><CdtrRefInf><Tp><CdOrPrtry>{kind}</CdOrPrtry></Tp><Ref>{self.reference}</Ref></CdtrRefInf></Strd>"
            if self.reference
            else ""
        )
        ustrd = f"<Ustrd>{escape(self.text)}</Ustrd>" if self.text else ""
        name = f"<Nm>{escape(self.name)}</Nm>"
        party = f"<Pty>{name}</Pty>" if version == "08" else name
        role = "Cdtr" if is_out else "Dbtr"
        account = f"<{role}Acct><Id><IBAN>{self.iban}</IBAN></Id></{role}Acct>" if self.iban else ""
        amount, direction = f'<Amt Ccy="{currency}">{self.amount}</Amt>', "DBIT" if is_out else "CRDT"
        if version == "02":  # it has no direction of its own, and the amount stands deeper
            amount = f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>"
        else:
            amount += f"<CdtDbtInd>{direction}</CdtDbtInd>"
        returned = f"<RtrInf><Rsn><Cd>{self.reason}</Cd></Rsn></RtrInf>" if self.reason else ""
        return (
            f"<TxDtls><Refs><EndToEndId>{self.end_to_end or 'NOTPROVIDED'}</EndToEndId></Refs>{amount}"
            f"<RltdPties><{role}>{party}</{role}>{account}</RltdPties>"
            f"<RmtInf>{ustrd}{strd}</RmtInf>{returned}</TxDtls>"
        )


@dataclass(frozen=True)
class Entry:
    """One entry: a sum, with or without its payments."""

    amount: str
    id: str = ""
    pays: tuple[Pay, ...] = ()
    currency: str = "CHF"
    out: bool = False
    text: str = "Gutschrift"
    status: str = "BOOK"
    count: int = 0
    day: str = "2026-11-20"

    def xml(self, version: str) -> str:
        status = f"<Sts><Cd>{self.status}</Cd></Sts>" if version == "08" else f"<Sts>{self.status}</Sts>"
        inside = "".join(pay.xml(version, self.currency, is_out=self.out) for pay in self.pays)
        batch = f"<Btch><NbOfTxs>{self.count}</NbOfTxs></Btch>" if self.count else ""
        details = f"<NtryDtls>{batch}{inside}</NtryDtls>" if batch or inside else ""
        bank = f"<AcctSvcrRef>{self.id}</AcctSvcrRef>" if self.id else ""
        return (
            f'<Ntry><NtryRef>{QR_IBAN}</NtryRef><Amt Ccy="{self.currency}">{self.amount}</Amt>'
            f"<CdtDbtInd>{'DBIT' if self.out else 'CRDT'}</CdtDbtInd>{status}"
            f"<BookgDt><Dt>{self.day}</Dt></BookgDt><ValDt><Dt>{self.day}</Dt></ValDt>{bank}"
            f"<BkTxCd/>{details}<AddtlNtryInf>{escape(self.text)}</AddtlNtryInf></Ntry>"
        )


def pay(amount: str, reference: str = "", id: str = "", **more: str) -> Entry:
    """An entry with one payment."""
    currency = more.pop("currency", "CHF")
    return Entry(amount, id or f"id-{amount}-{reference}", (Pay(amount, reference, **more),), currency)  # type: ignore[arg-type]


def camt(
    *entries: Entry,
    kind: str = "053",
    version: str = "08",
    account: str = IBAN,
    balances: tuple[str, str] | None = None,
) -> bytes:
    """A whole file."""
    outer, inner = ("BkToCstmrStmt", "Stmt") if kind == "053" else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    written = "".join(
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="CHF">{amount}</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-20</Dt></Dt></Bal>"
        for code, amount in zip(("OPBD", "CLBD"), balances or (), strict=False)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.{version}"><{outer}>'
        f"<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-20T22:00:00</CreDtTm></GrpHdr>"
        f"<{inner}><Id>S1</Id><CreDtTm>2026-11-20T22:00:00</CreDtTm><Acct><Id><IBAN>{account}</IBAN></Id></Acct>{written}"
        + "".join(entry.xml(version) for entry in entries)
        + f"</{inner}></{outer}></Document>"
    ).encode()
