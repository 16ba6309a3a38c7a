from django.apps import AppConfig


class SuspensionConfig(AppConfig):
    """Members who have no access for a while."""

    name = "kanton.organizations.suspension"
    label = "suspension"
