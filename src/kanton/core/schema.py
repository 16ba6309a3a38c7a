"""The tables of an empty database, all at once.

Migrations lead to the same place (a test compares them on both databases), but each of their steps draws every model
anew: a first start took longer over them than over everything else.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def is_empty() -> bool:
    """Whether the database has no table at all."""
    return not connection.introspection.table_names()


def create_all() -> None:
    """Every table as the models say it, with the note that all migrations are done; or nothing. For empty databases."""
    # SQLite cannot change this within a transaction.
    was_checking = connection.disable_constraint_checking()
    try:
        with transaction.atomic():
            with connection.schema_editor() as editor:
                for model in apps.get_models():
                    if model._meta.can_migrate(connection):
                        editor.create_model(model)
            recorder = MigrationRecorder(connection)
            recorder.ensure_schema()
            for app, name in MigrationLoader(None, ignore_no_migrations=True).graph.nodes:
                recorder.record_applied(app, name)
            emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
    finally:
        if was_checking:
            connection.enable_constraint_checking()


def drop_triggers(using: str, plan: list[Any], **_rest: Any) -> None:
    """Before migrations on SQLite, which rebuild a table by dropping and renaming it: a trigger elsewhere that names
    the table would stop that. Rooms put theirs back after every migration."""
    database = connections[using]
    if database.vendor != "sqlite" or not plan:
        return
    with database.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {database.ops.quote_name(name)}")
