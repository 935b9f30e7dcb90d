"""Who may see which rows: PostgreSQL's row-level security, the second lock behind the queries.

A connection of the program at work logs in as a role that owns no table and may do nothing, and says for whom it asks:
it takes on one of the five roles below, with the organisation, the actor and the person in `baken.organisation`,
`baken.actor` and `baken.person` (see `people.acting`). A query that forgets its filter then finds what that reader may
see, and nothing else. A table that is not named here belongs to the program and the provider's people alone.

There is one policy for each role and table, with comparisons that give nothing away (`=` and `IN` over uuid and text),
so that indexes are used under it. The owner of the tables is not subject to them: it changes the schema.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg import sql

DOOR = "baken_door"
"""Nobody is known yet: what it takes to know somebody."""
CUSTOMER = "baken_customer"
STAFF = "baken_staff"
"""The provider's people: every customer."""
AUDITOR = "baken_auditor"
PROGRAM = "baken_program"
"""The program itself: the worker, imports, the command line, what machines deliver."""
ROLES = (DOOR, CUSTOMER, STAFF, AUDITOR, PROGRAM)

LEDGER = "ledger_ledgerfact"
SESSION = "django_session"
MIGRATIONS = "django_migrations"
EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"


@dataclass(frozen=True, slots=True)
class Rule:
    """Which rows of a table a role finds, which it may leave behind, and what it may do; conditions in SQL."""

    finds: str = "true"
    may: str = "SELECT"
    leaves: str = ""


ME = "(SELECT NULLIF(current_setting('baken.organisation', true), '')::uuid)"
ACTOR = "(SELECT current_setting('baken.actor', true))"
PERSON = "(SELECT NULLIF(current_setting('baken.person', true), '')::uuid)"
"""Who asks: for which organisation, under which name on the ledger, and which person, also by a token. As subqueries
they are looked up once for a query, and not again for every row."""
PROVIDER = "(SELECT id FROM orgs_organisation WHERE kind = 'provider')"
MINE = f"organisation_id = {ME}"
OURS = f"organisation_id IN ({ME}, {PROVIDER})"
MY_SERVICES = f"(SELECT service_id FROM catalogue_subscription WHERE organisation_id = {ME})"  # noqa: S608
OF_MY_SERVICES = f"service_id IN {MY_SERVICES}"
OF_A_FILE, PART_OF_A_FILE = (f"EXISTS (SELECT FROM orgs_file WHERE id = {name})" for name in ("file_id", "file"))
"""Of a file that the reader finds, one look-up by its id; the same for attachments and what was said."""
REPORT_OF_MY_AUDIT = "EXISTS (SELECT FROM audits_audit WHERE report_id = orgs_file.id)"
MY_AUDITS = "(SELECT id FROM audits_audit)"
"""Policies hold inside policies too: for an auditor these are the audits they were invited to."""
MY_TOKENS = "(SELECT id FROM people_apitoken)"
MY_USER = f"'user:' || user_id = {ACTOR}"
MYSELF = f"'user:' || id = {ACTOR}"
KEPT = "SELECT, UPDATE (erased_at)"
"""With `leaves` false, for a row that may be kept as it is for a transaction (FOR KEY SHARE) and not be changed: so
nobody writes for an organisation that is being erased."""
IN_MY_NAME = f"{MINE} AND actor = {ACTOR}"
OF_THE_SERVICE = (
    f"{OURS} AND (organisation_id = {ME} OR stream_kind IN "
    "('service', 'agreement', 'location', 'monitor', 'sight', 'incident', 'report'))"
)
"""Facts of one's own, and the provider's about what its services promised and did."""
OF_SIGNING_IN = "stream_kind IN ('person', 'identity_provider', 'signal')"
OWN_SETTINGS = "SELECT, UPDATE (password, first_password_until, last_login, name, language, zone, theme, shortcuts_off)"
MY_SESSION = f"session_key IN (SELECT session_key FROM people_signin WHERE {MY_USER})"  # noqa: S608

_READ_KEYS = {"orgs_wrappingkey": Rule(), "orgs_datakey": Rule(), "orgs_indexkey": Rule()}
_MYSELF = {
    "orgs_indexkey": Rule(),
    "people_authenticator": Rule(MY_USER, EVERYTHING),
    "people_recoverycode": Rule(MY_USER, EVERYTHING),
    "people_passkey": Rule(MY_USER, EVERYTHING),
    "people_identity": Rule(MY_USER, EVERYTHING),
    "people_identityprovider": Rule(OURS),
    "people_membership": Rule(OURS),
    "people_apitoken": Rule(MY_USER, "SELECT, INSERT, UPDATE", MY_USER),
    "people_signin": Rule(MY_USER, EVERYTHING, MY_USER),
    "people_attempts": Rule(may=EVERYTHING),
    "people_allowance": Rule(may=EVERYTHING),
    "people_idempotencykey": Rule(f"actor = {ACTOR}", EVERYTHING),
    SESSION: Rule(MY_SESSION, EVERYTHING, "true"),
}

AT_THE_DOOR: Mapping[str, Rule] = {
    "orgs_organisation": Rule(may=KEPT, leaves="false"),
    **_READ_KEYS,
    LEDGER: Rule(OF_SIGNING_IN, "SELECT, INSERT"),
    "people_user": Rule(may="SELECT, UPDATE (password, last_login)"),
    "people_membership": Rule(),
    "people_apitoken": Rule(may="SELECT, UPDATE"),
    "people_signin": Rule(may=EVERYTHING),
    "people_attempts": Rule(may=EVERYTHING),
    "people_allowance": Rule(may=EVERYTHING),
    "people_authenticator": Rule(may="SELECT, UPDATE"),
    "people_recoverycode": Rule(may="SELECT, UPDATE, DELETE"),
    "people_passkey": Rule(may="SELECT, UPDATE"),
    "people_identityprovider": Rule(),
    "people_identity": Rule(may="SELECT, INSERT, UPDATE"),
    SESSION: Rule(may=EVERYTHING),
}

OF_A_CUSTOMER: Mapping[str, Rule] = {
    "orgs_organisation": Rule(f"id = {ME} OR kind = 'provider'", KEPT, "false"),
    "orgs_wrappingkey": Rule(OURS),
    "orgs_datakey": Rule(OURS),
    "orgs_file": Rule(f"{MINE} AND visible", EVERYTHING),
    "orgs_filechunk": Rule(f"{MINE} AND {OF_A_FILE}", EVERYTHING),
    "orgs_filepart": Rule(f"{MINE} AND {PART_OF_A_FILE}", EVERYTHING),
    "orgs_filefault": Rule(MINE, "SELECT, INSERT"),
    "looks_look": Rule(MINE),
    "orgs_searchtoken": Rule(f"{MINE} AND scope = 'incident'", "SELECT, INSERT, UPDATE"),
    LEDGER: Rule(OF_THE_SERVICE, "SELECT, INSERT", IN_MY_NAME),
    "people_user": Rule(OURS, OWN_SETTINGS, MYSELF),
    **_MYSELF,
    "catalogue_service": Rule(f"id IN {MY_SERVICES}"),
    "catalogue_agreement": Rule(f"{OF_MY_SERVICES} AND {OURS}"),
    "catalogue_agreementversion": Rule("agreement_id IN (SELECT id FROM catalogue_agreement)"),
    "catalogue_subscription": Rule(MINE),
    "catalogue_intakespan": Rule(OF_MY_SERVICES),
    "catalogue_maintenance": Rule(OF_MY_SERVICES),
    "incidents_incident": Rule(MINE, "SELECT, INSERT, UPDATE"),
    "incidents_message": Rule(f"{MINE} AND visible", "SELECT, INSERT"),
    "incidents_attachment": Rule(
        f"{MINE} AND EXISTS (SELECT FROM incidents_message WHERE id = message_id)", "SELECT, INSERT"
    ),
    "incidents_draft": Rule(f"'user:' || author_id = {ACTOR}", EVERYTHING, MINE),
    "complaints_complaint": Rule(MINE, "SELECT, INSERT, UPDATE"),
    "complaints_remark": Rule(f"{MINE} AND visible", "SELECT, INSERT"),
    "complaints_attachment": Rule(
        f"{MINE} AND EXISTS (SELECT FROM complaints_remark WHERE id = remark_id)", "SELECT, INSERT"
    ),
    "monitors_location": Rule(),
    "monitors_monitor": Rule(OF_MY_SERVICES),
    "monitors_monitorversion": Rule("monitor_id IN (SELECT id FROM monitors_monitor)"),
    "monitors_sight": Rule("monitor_id IN (SELECT id FROM monitors_monitor)"),
    "monitors_statechange": Rule("sight_id IN (SELECT id FROM monitors_sight)"),
    "recovery_drill": Rule(OF_MY_SERVICES),
    "audits_audit": Rule(f"signed_off_at IS NOT NULL AND services && ARRAY{MY_SERVICES}"),
    "audits_securityreview": Rule(OF_MY_SERVICES),
    "clocks_reading": Rule(f"{OURS} AND {OF_MY_SERVICES}"),
    "clocks_cursor": Rule(),
    "reports_snapshot": Rule(f"customer_id = {ME}"),
    "reports_improvement": Rule(f"customer_id = {ME}"),
}

OF_AN_AUDITOR: Mapping[str, Rule] = {
    "orgs_organisation": Rule("kind = 'provider'", KEPT, "false"),
    "orgs_wrappingkey": Rule(OURS),
    "orgs_datakey": Rule(OURS),
    "orgs_file": Rule(f"{MINE} AND kind = 'report' AND (by = {PERSON} OR {REPORT_OF_MY_AUDIT})", EVERYTHING),
    "orgs_filechunk": Rule(f"{MINE} AND {OF_A_FILE}", EVERYTHING),
    "orgs_filepart": Rule(f"{MINE} AND {PART_OF_A_FILE}", EVERYTHING),
    "orgs_filefault": Rule(MINE, "SELECT, INSERT"),
    LEDGER: Rule(
        f"{MINE} AND (stream_kind = 'look' OR stream_id = {PERSON} OR stream_id IN {MY_TOKENS} "
        f"OR stream_id IN {MY_AUDITS})",
        "SELECT, INSERT",
        IN_MY_NAME,
    ),
    "people_user": Rule(OURS, OWN_SETTINGS, MYSELF),
    **_MYSELF,
    "catalogue_service": Rule("id IN (SELECT unnest(services) FROM audits_audit)"),
    "catalogue_agreement": Rule("base AND service_id IN (SELECT id FROM catalogue_service)"),
    "catalogue_agreementversion": Rule("agreement_id IN (SELECT id FROM catalogue_agreement)"),
    "audits_audit": Rule(f"invited_id = {PERSON}", "SELECT, UPDATE"),
    "audits_finding": Rule(f"audit_id IN {MY_AUDITS}", EVERYTHING),
}

OF_EVERYBODY_ELSE: Mapping[str, Mapping[str, Rule]] = {
    STAFF: {
        **dict.fromkeys((LEDGER, "looks_look", "privacy_tombstone"), Rule(may="SELECT, INSERT")),
        MIGRATIONS: Rule(),
        SESSION: _MYSELF[SESSION],
    },
    PROGRAM: {LEDGER: Rule(may="SELECT, INSERT"), MIGRATIONS: Rule()},
}
"""Where the provider's people and the program may not do everything."""
_NARROW = {DOOR: AT_THE_DOOR, CUSTOMER: OF_A_CUSTOMER, AUDITOR: OF_AN_AUDITOR}
SHARED = frozenset().union(*_NARROW.values())
"""The tables in which different readers see different rows; others a reader sees as a whole, or not at all."""


def rules(role: str, tables: list[str]) -> Iterator[tuple[str, Rule]]:
    """What a role may do with which of these tables."""
    for table in tables:
        if role in _NARROW:
            if table in _NARROW[role]:
                yield table, _NARROW[role][table]
        else:
            yield table, OF_EVERYBODY_ELSE[role].get(table) or Rule(may=EVERYTHING)


def in_force(connection: BaseDatabaseWrapper, login: str) -> bool:
    """Whether the database holds these rules, for the tables that it has, and `login` may take on the roles."""
    with connection.cursor() as cursor:
        cursor.execute(HELD, [login])
        mark, granted = cursor.fetchone()
        return bool(granted and mark == _mark(_tables(cursor)))


def put_in_force(connection: BaseDatabaseWrapper, login: str) -> None:
    """Make the roles, let `login` take them on, and put the rules on every table; for the owner, as often as wanted.

    Roles are the server's. The rules are this database's, and change all at once: nobody meets a table without its own.
    """
    with connection.cursor() as cursor:
        for role in ROLES:
            cursor.execute(MAKE_ROLE.format(role=role))
        cursor.execute(sql.SQL("GRANT {} TO {}").format(_names(ROLES), sql.Identifier(login)))
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(REVOKE.format(roles=", ".join(ROLES)))
        cursor.execute(OWNERS_ALONE)
        tables = _tables(cursor)
        for table in tables:
            kept = "ENABLE" if table in SHARED else "DISABLE"
            cursor.execute(sql.SQL(f"ALTER TABLE {{}} {kept} ROW LEVEL SECURITY").format(sql.Identifier(table)))
        for role in ROLES:
            _open(cursor, role, tables)
        cursor.execute(sql.SQL("COMMENT ON TABLE django_migrations IS {}").format(sql.Literal(_mark(tables))))


HELD = """
SELECT obj_description('django_migrations'::regclass), EXISTS (
    SELECT FROM pg_roles
    WHERE rolname = 'baken_program' AND has_table_privilege(oid, 'django_migrations', 'SELECT')
      AND pg_has_role(%s, oid, 'MEMBER'))
"""
"""A restored dump has the mark, and perhaps neither the privileges nor who may take them on."""
MAKE_ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this server was quicker
END $$
"""
TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""
REVOKE = """
DO $$
DECLARE held record;
BEGIN
    FOR held IN SELECT policyname, tablename FROM pg_policies WHERE schemaname = current_schema() LOOP
        EXECUTE format('DROP POLICY %I ON %I', held.policyname, held.tablename);
    END LOOP;
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM {roles}', current_schema());
END $$
"""
OWNERS_ALONE = """
DO $$ BEGIN
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO baken_program', current_database());
    -- These two do as the owner what they are asked; nobody may put something of their own before what they name.
    EXECUTE format('ALTER FUNCTION monitors_make_partition(date) SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION monitors_drop_partitions(date) SET search_path = %I, pg_temp', current_schema());
END $$;
GRANT EXECUTE ON FUNCTION monitors_make_partition(date), monitors_drop_partitions(date) TO baken_program
"""
SCHEMA_USE = """
DO $$ BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO {role}', current_schema());
    EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO {role}', current_schema());
END $$
"""


def _open(cursor: CursorWrapper, role: str, tables: list[str]) -> None:
    cursor.execute(SCHEMA_USE.format(role=role))
    for table, rule in rules(role, tables):
        names = {"table": sql.Identifier(table), "role": sql.Identifier(role), "policy": sql.Identifier(f"for_{role}")}
        cursor.execute(sql.SQL(f"GRANT {rule.may} ON {{table}} TO {{role}}").format(**names))
        if table not in SHARED:
            continue
        cursor.execute(
            sql.SQL(
                f"CREATE POLICY {{policy}} ON {{table}} TO {{role}} "
                f"USING ({rule.finds}) WITH CHECK ({rule.leaves or rule.finds})"
            ).format(**names)
        )


def _tables(cursor: CursorWrapper) -> list[str]:
    cursor.execute(TABLES)
    return [name for (name,) in cursor.fetchall()]


def _mark(tables: list[str]) -> str:
    """Changes when the rules do, or the tables that they are for."""
    written = repr(([(role, table, rule) for role in ROLES for table, rule in rules(role, tables)], OWNERS_ALONE))
    return f"policies {hashlib.sha256(written.encode()).hexdigest()[:16]}"


def _names(names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
