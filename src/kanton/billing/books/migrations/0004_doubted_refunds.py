from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('books', '0003_refusals'),
    ]

    operations = [
        migrations.AddField(
            model_name='refund',
            name='doubted_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
