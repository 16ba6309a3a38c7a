from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('blocking', '0002_staff_note'),
    ]

    operations = [
        migrations.AddField(
            model_name='block',
            name='reminded_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
