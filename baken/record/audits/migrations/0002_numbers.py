"""Numbers that people read to each other over the telephone."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audits", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE audits_number START 1", "DROP SEQUENCE audits_number"),
    ]
