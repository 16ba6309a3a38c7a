"""What the staff's pages share."""

from __future__ import annotations

from kanton.accounts.web import staff_page

__all__ = ["staff_page"]
