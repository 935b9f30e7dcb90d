"""Numbers that people read to each other over the telephone."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("complaints", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE complaints_number START 100", "DROP SEQUENCE complaints_number"),
    ]
