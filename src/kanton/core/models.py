"""The ground floor's tables, gathered for Django."""

from kanton.core.jobs.models import *  # noqa: F403
from kanton.core.outbox.models import *  # noqa: F403
