"""Raw probe results, partitioned by day so that a day is dropped in one stroke."""

from django.db import migrations

RESULTS = """
CREATE TABLE monitors_result (
    organisation_id uuid NOT NULL,
    monitor_id uuid NOT NULL,
    location_id uuid NOT NULL,
    sequence bigint NOT NULL,
    started timestamptz NOT NULL,
    duration bigint NOT NULL,
    outcome varchar(8) NOT NULL,
    reason varchar(32) NOT NULL,
    status smallint,
    PRIMARY KEY (location_id, sequence, started)
) PARTITION BY RANGE (started);

CREATE INDEX monitors_result_by_monitor ON monitors_result (monitor_id, started);
"""


class Migration(migrations.Migration):
    dependencies = [("monitors", "0001_initial")]
    operations = [migrations.RunSQL(RESULTS, "DROP TABLE monitors_result")]
