"""Django's entry for the console."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    """Registers the start page, the products' lines in the menu, and what the search finds."""

    name = "kanton.console"
    label = "console"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.console import attention, finding, navigation
        from kanton.ui import home, search, shell

        shell.sources.urls["home"] = "/"
        shell.sources.urls["search"] = navigation.search_url
        shell.sources.urls["notices"] = navigation.notices_url
        shell.register(
            shell.NavEntry("home", shell.Group.HOME, _("Home"), "home", "console:home", order=0),
            *navigation.product_entries(),
        )
        shell.register_app(shell.AppLink("manager", _("Manager"), "layout-dashboard", "/", order=0))
        search.register(
            search.Source("products", _("Products"), finding.products, order=10),
            search.Source("people", _("People"), finding.people, order=20),
            search.Source("pages", _("Pages"), finding.pages, order=90),
        )
        home.register_attention("services", attention.of_services)
