"""Billing documents as people and banks read them: pro forma, invoice, credit note, receipt, reminder; with QR-bill."""
