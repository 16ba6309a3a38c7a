from django.apps import AppConfig


class PromotionsConfig(AppConfig):
    """Promo codes and free grants."""

    name = "kanton.billing.promotions"
    label = "promotions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kanton.billing import boxes, promoting, settling
        from kanton.billing.promotions import console, discounts

        promoting.register(
            promoting.Promoting(
                discounts_of=discounts.discounts_of,
                when_placed=discounts.reserve,
                when_cancelled=discounts.give_back,
                cart_box=console.cart_box,
            )
        )
        settling.WHEN_WITHDRAWN.append(discounts.withdrawn)
        boxes.where_paid.register(console.pay_box)
        console.register()
