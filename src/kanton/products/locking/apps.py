from django.apps import AppConfig


class LockingConfig(AppConfig):
    """Blocks of management: for a while nobody with limited rights changes a product."""

    name = "kanton.products.locking"
    label = "locking"

    def ready(self) -> None:
        from kanton.organizations.resolver import register_limit
        from kanton.products.locking.limit import concerns, while_locked

        register_limit(while_locked, concerns=concerns)
