"""Passwords of mail programs."""

from __future__ import annotations

from django.db import transaction

from kanton.core import clock
from kanton.core.api import ApiRequest, Lists, Rows
from kanton.core.parity import exposes
from kanton.core.query import get_or_not_found
from kanton.products.mail import actions
from kanton.products.mail.api.common import BOX, READ, WRITE, mailbox_for, router, short_mailbox
from kanton.products.mail.errors import TooManyAppPasswords
from kanton.products.mail.models import AppPassword
from kanton.products.mail.rights import PASSWORD
from kanton.products.mail.schemas import DeviceIn, DeviceOut, GeneratedPasswordOut


def _device_out(device: AppPassword) -> DeviceOut:
    return {
        "id": device.pk,
        "protocols": "imap",
        "last_connection": None,
        "created_at": clock.timestamp(device.created_at) or 0,
        "status": "healthy",
        "mailbox": short_mailbox(device.mailbox),
        "label": device.label,
    }


@router.get(
    BOX + "/accesses/devices", scopes=READ, lists=Lists(order={"id": "pk"}, default="id", search=("label",))
)
def list_devices(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> Rows[DeviceOut]:
    """List the device passwords of a mailbox."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name, PASSWORD)
    return Rows(AppPassword.objects.filter(mailbox=box).select_related("mailbox"), _device_out)


@router.post(
    BOX + "/accesses/devices", scopes=WRITE, errors=(TooManyAppPasswords,), example={"label": "Lea’s phone"}
)
@exposes(actions.create_app_password)
def create_device(
    request: ApiRequest, mail_hosting_id: int, mailbox_name: str, data: DeviceIn
) -> GeneratedPasswordOut:
    """Make a password for one device. It is told in this answer only."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name)
    new = actions.create_app_password(request.actor, box, label=data.label)
    return {
        "id": new.app_password.pk,
        "label": new.app_password.label,
        "login": box.address,
        "password": new.password,
    }


@router.delete(BOX + "/accesses/devices", scopes=WRITE)
def revoke_devices(request: ApiRequest, mail_hosting_id: int, mailbox_name: str) -> bool:
    """Revoke the passwords of all devices of a mailbox, or of none."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name, PASSWORD)
    with transaction.atomic():
        for number in AppPassword.objects.filter(mailbox=box).values_list("pk", flat=True):
            actions.revoke_app_password(request.actor, box, app_password_id=number)
    return True


@router.delete(BOX + "/accesses/devices/{device_access}", scopes=WRITE)
@exposes(actions.revoke_app_password)
def revoke_device(request: ApiRequest, mail_hosting_id: int, mailbox_name: str, device_access: int) -> bool:
    """Revoke the password of a device."""
    box = mailbox_for(request, mail_hosting_id, mailbox_name, PASSWORD)
    get_or_not_found(AppPassword.objects.filter(mailbox=box), pk=device_access)
    actions.revoke_app_password(request.actor, box, app_password_id=device_access)
    return True
