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

-- The program at work owns no table: these two do for it what only the owner may.
CREATE FUNCTION monitors_make_partition(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE partition text := 'monitors_result_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF to_regclass(partition) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(partition, 0));
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS %I PARTITION OF monitors_result FOR VALUES FROM (%L) TO (%L)',
            partition, day || ' 00:00+00', day + 1 || ' 00:00+00');
    END IF;
END $$;

CREATE FUNCTION monitors_drop_partitions(before date) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE partition text;
BEGIN
    FOR partition IN
        SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'monitors_result'::regclass AND right(relname, 8) < to_char(before, 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE %I', partition);
        RETURN NEXT partition;
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION monitors_make_partition(date), monitors_drop_partitions(date) FROM PUBLIC;
"""

UNDO = """
DROP FUNCTION monitors_make_partition(date);
DROP FUNCTION monitors_drop_partitions(date);
DROP TABLE monitors_result;
"""


class Migration(migrations.Migration):
    dependencies = [("monitors", "0001_initial")]
    operations = [migrations.RunSQL(RESULTS, UNDO)]
