"""Numbers that people read to each other over the telephone."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE incidents_number START 1000", "DROP SEQUENCE incidents_number"),
    ]
