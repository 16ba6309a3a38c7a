from django.apps import AppConfig


class BrandConfig(AppConfig):
    """Custom Brand: an organization's own host name, colours and sender."""

    name = "kanton.products.brand"
    label = "brand"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.core import hosts
        from kanton.core.outbox.sending import register_sender
        from kanton.products.brand.known import brand_at, sender_of
        from kanton.products.brand.product import BrandProduct
        from kanton.products.contract import register

        register(BrandProduct())
        hosts.set_look_up(brand_at)
        register_sender(sender_of)
