"""What the web server calls."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kanton.settings")
_pages = get_wsgi_application()

from kanton.accounts.access.last_seen import last_seen  # noqa: E402 - needs the rooms loaded
from kanton.console import door  # noqa: E402
from kanton.core.threads import use_plain_locals  # noqa: E402
from kanton.rest import front  # noqa: E402

use_plain_locals()
last_seen.at_once = False
application = front.in_front_of(door.in_front_of(_pages))
