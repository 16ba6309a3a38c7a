"""Since when a mail service is in maintenance stands with the service."""

from __future__ import annotations

from django.db import migrations
from django.db.models import OuterRef, Subquery


def move(apps: object, schema_editor: object) -> None:
    mail_services = apps.get_model("mail", "MailService").objects.exclude(maintenance_since=None)  # type: ignore[attr-defined]
    apps.get_model("products", "Service").objects.filter(pk__in=mail_services.values("service")).update(  # type: ignore[attr-defined]
        maintenance_since=Subquery(mail_services.filter(service=OuterRef("pk")).values("maintenance_since"))
    )


def move_back(apps: object, schema_editor: object) -> None:
    services = apps.get_model("products", "Service").objects.exclude(maintenance_since=None)  # type: ignore[attr-defined]
    apps.get_model("mail", "MailService").objects.update(  # type: ignore[attr-defined]
        maintenance_since=Subquery(services.filter(pk=OuterRef("service")).values("maintenance_since"))
    )


class Migration(migrations.Migration):
    dependencies = [("mail", "0001_initial"), ("products", "0002_maintenance")]

    operations = [
        migrations.RunPython(move, move_back),
        migrations.RemoveField(model_name="mailservice", name="maintenance_since"),
    ]
