"""What all journeys share."""

from __future__ import annotations

from playwright.sync_api import expect

# Two journeys at once on two cores: a page may take its time. How fast pages are is measured in bench/.
expect.set_options(timeout=120_000)
