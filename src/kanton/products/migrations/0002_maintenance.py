"""Maintenance is a matter of every product (ORG-84), and the list of products tells of it."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("products", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="service",
            name="maintenance_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
