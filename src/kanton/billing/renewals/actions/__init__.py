"""Every change between two terms of a service."""

from kanton.billing.renewals.actions.by_hand import renew_services, withdraw_renewal
from kanton.billing.renewals.actions.daily import (
    announce_prices,
    end_terms,
    fail_renewals,
    renew_due,
    retry_renewals,
)
from kanton.billing.renewals.actions.notices import tell_of_ends
from kanton.billing.renewals.actions.switches import (
    change_period,
    switch_automatic,
    switch_guarantee,
    withdraw_period_change,
)

__all__ = [
    "announce_prices",
    "change_period",
    "end_terms",
    "fail_renewals",
    "renew_due",
    "renew_services",
    "retry_renewals",
    "switch_automatic",
    "switch_guarantee",
    "tell_of_ends",
    "withdraw_period_change",
    "withdraw_renewal",
]
