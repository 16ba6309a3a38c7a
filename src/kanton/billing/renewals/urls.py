"""Addresses of what renews."""

from django.urls import path

from kanton.billing.renewals import views

app_name = "renewals"
ORG = "o/<slug:organization>/renewals"
urlpatterns = [
    path(f"{ORG}/to-pay", views.to_pay, name="to_pay"),
    path(f"{ORG}/to-pay/pay", views.pay, name="pay"),
    path(f"{ORG}/to-pay/pro-forma", views.pro_forma, name="pro_forma"),
    path(f"{ORG}", views.renewals, name="renewals"),
    path(f"{ORG}/manage", views.manage, name="manage"),
    path(f"{ORG}/withdraw/<int:invoice>", views.withdraw, name="withdraw"),
    path(f"{ORG}/<int:number>", views.service, name="service"),
    path(f"{ORG}/<int:number>/automatic/<str:how>", views.automatic, name="automatic"),
    path(f"{ORG}/<int:number>/guarantee/<str:how>", views.guarantee, name="guarantee"),
    path(f"{ORG}/<int:number>/period", views.period, name="period"),
    path(f"{ORG}/<int:number>/period/withdraw", views.keep_period, name="keep_period"),
]
