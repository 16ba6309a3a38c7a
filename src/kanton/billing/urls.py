"""Addresses of shop and accounting."""

from django.urls import path

from kanton.billing.views import money, provider, shop

app_name = "billing"
ORG = "o/<slug:organization>"
urlpatterns = [
    path("shop", shop.public_shop, name="public_shop"),
    path("shop/names", shop.public_names, name="public_names"),
    path("shop/cart", shop.public_cart, name="public_cart"),
    path("shop/cart/<int:line>/change", shop.public_change_line, name="public_change_line"),
    path("shop/cart/<int:line>/remove", shop.public_remove_line, name="public_remove_line"),
    path("shop/checkout", shop.checkout, name="checkout"),
    path("shop/offers/<slug:plan>", shop.public_offer, name="public_offer"),
    path(f"{ORG}/shop", shop.shop, name="shop"),
    path(f"{ORG}/shop/names", shop.names, name="names"),
    path(f"{ORG}/shop/offers/<slug:plan>", shop.offer, name="offer"),
    path(f"{ORG}/cart", shop.cart, name="cart"),
    path(f"{ORG}/cart/order", shop.place, name="place"),
    path(f"{ORG}/cart/<int:line>/change", shop.change_line, name="change_line"),
    path(f"{ORG}/cart/<int:line>/remove", shop.remove_line, name="remove_line"),
    path(f"{ORG}/orders", money.orders, name="orders"),
    path(f"{ORG}/orders/<int:number>", money.order, name="order"),
    path(f"{ORG}/orders/<int:number>/cancel", money.cancel, name="cancel_order"),
    path(f"{ORG}/invoices", money.invoices, name="invoices"),
    path(f"{ORG}/invoices/<int:number>", money.invoice, name="invoice"),
    path(f"{ORG}/invoices/<int:number>/pdf", money.invoice_pdf, name="invoice_pdf"),
    path(f"{ORG}/invoices/<int:number>/pay", money.pay, name="pay"),
    path(f"{ORG}/payments/<str:key>", money.payment, name="payment"),
    path(f"{ORG}/payments/<str:key>/receipt", money.receipt, name="receipt"),
    path(f"{ORG}/payments/<str:key>/give-up", money.give_up, name="give_up"),
    path(f"{ORG}/prepaid", money.prepaid_account, name="prepaid"),
    path(f"{ORG}/prepaid/top-up", money.credit, name="top_up"),
    path("pay/<slug:provider>/callback", provider.callback, name="callback"),
    path("pay/test/<str:key>", provider.test_page, name="test_provider"),
]
