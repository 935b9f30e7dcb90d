"""The database itself keeps the ledger append-only, and knows which facts a follower may read past."""

from django.db import migrations

APPEND_ONLY = """
ALTER TABLE ledger_ledgerfact
    ADD COLUMN written_by xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % is refused', TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Append a correcting fact instead.';
END $$;

CREATE TRIGGER ledger_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_ledgerfact
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

-- A restart of replication or a bulk load switches ordinary triggers off; this one stays on.
ALTER TABLE ledger_ledgerfact ENABLE ALWAYS TRIGGER ledger_append_only;

CREATE FUNCTION ledger_announce() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Nobody follows who looked at what: that somebody reads wakes no follower.
    IF EXISTS (SELECT FROM fresh WHERE stream_kind <> 'look') THEN
        PERFORM pg_notify('ledger', '');
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_announce
    AFTER INSERT ON ledger_ledgerfact REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_announce();
"""

UNDO = """
DROP TRIGGER ledger_announce ON ledger_ledgerfact;
DROP FUNCTION ledger_announce();
DROP TRIGGER ledger_append_only ON ledger_ledgerfact;
DROP FUNCTION ledger_refuse();
ALTER TABLE ledger_ledgerfact DROP COLUMN written_by;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunSQL(APPEND_ONLY, UNDO)]
