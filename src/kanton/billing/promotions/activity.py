"""What happens with codes and grants."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of promotions."""

    CODE_ISSUED = "billing.code_issued", _("%(actor)s issued the promo code %(target)s for %(product)s")
    CODE_WITHDRAWN = "billing.code_withdrawn", _("%(actor)s withdrew the promo code %(target)s")
    CODE_USED = "billing.code_used_on_renewal", _("%(actor)s used the promo code %(code)s on %(target)s")
    GRANT_ISSUED = "billing.grant_issued", _("%(actor)s issued a free grant for %(product)s")
    GRANT_WITHDRAWN = "billing.grant_withdrawn", _("%(actor)s withdrew the free grant for %(product)s")
