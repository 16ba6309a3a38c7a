"""What all journeys share."""

from __future__ import annotations

# Importing it makes every expectation patient, also in journeys that are begun alone.
import kanton.testing_browser  # noqa: F401
