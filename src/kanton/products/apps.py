from django.apps import AppConfig


class ProductsConfig(AppConfig):
    """What a product is, and the services that run."""

    name = "kanton.products"
    label = "products"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.organizations.closing import prerequisites
        from kanton.organizations.departure import contract as departure
        from kanton.organizations.grantable import register_names, register_source
        from kanton.organizations.suspension import means
        from kanton.products.closing import running
        from kanton.products.contract import load_entry_points
        from kanton.products.departing import sources
        from kanton.products.grants import Services, named
        from kanton.products.means import holdings

        departure.register(sources)
        prerequisites.register("products", running)
        means.register("products", holdings)
        load_entry_points()
        register_source(Services())
        register_names(named)
