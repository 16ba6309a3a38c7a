"""Who may open the design system's own addresses."""

from __future__ import annotations

from kanton.testing_matrix import EVERYBODY, STAFF_ONLY, Line, page

LINES: list[Line] = [
    page("/ui", allowed=STAFF_ONLY, but=dict.fromkeys(EVERYBODY - STAFF_ONLY, 404)),
    page("/ui/look", allowed=EVERYBODY, post={"theme": "dark"}),
    page("/ui/brand/<str:accent>.css", allowed=EVERYBODY, fill=lambda cast: {"accent": "0b686e"}),
]
