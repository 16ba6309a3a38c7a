"""Every change of domains and zones."""

from kanton.products.domains.actions.domains import (
    CONTACT_FIELDS,
    MAX_NAMESERVERS,
    change_contact,
    point_domain,
    set_nameservers,
    set_transfer_lock,
)
from kanton.products.domains.actions.linking import link_records, unlink_records
from kanton.products.domains.actions.records import (
    create_record,
    delete_record,
    delete_records,
    update_record,
)
from kanton.products.domains.actions.registry import (
    REMINDERS,
    refuse_domain,
    remind_of_expiry,
    set_up_domain,
    settle_domain,
)
from kanton.products.domains.actions.zones import (
    changed_since_proof,
    create_zone,
    delete_zone,
    import_zone,
    read_text,
    restore_zone,
    settle_zone,
)

__all__ = [
    "CONTACT_FIELDS",
    "MAX_NAMESERVERS",
    "REMINDERS",
    "change_contact",
    "changed_since_proof",
    "create_record",
    "create_zone",
    "delete_record",
    "delete_records",
    "delete_zone",
    "import_zone",
    "link_records",
    "point_domain",
    "read_text",
    "refuse_domain",
    "remind_of_expiry",
    "restore_zone",
    "set_nameservers",
    "set_transfer_lock",
    "set_up_domain",
    "settle_domain",
    "settle_zone",
    "unlink_records",
    "update_record",
]
