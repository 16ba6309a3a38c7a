from django.apps import AppConfig


class DomainsConfig(AppConfig):
    """Domain names, zones, and the name servers that answer them."""

    name = "kanton.products.domains"
    label = "domains"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.organizations.sso.proofs import register_hosted
        from kanton.products.contract import register
        from kanton.products.domains.product import DomainProduct
        from kanton.products.domains.queries import is_registered_by

        register(DomainProduct())
        register_hosted(is_registered_by)
