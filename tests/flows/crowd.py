"""A crowded database: rows by the thousand, which the database makes of one row of each kind, within seconds.

Their texts are empty, so that nothing has to be sealed for them.
"""

from django.db import connection
from django.db.models import Model

from baken.record.catalogue.models import Agreement, Subscription
from baken.record.clocks.flows import FOLLOWER
from baken.record.clocks.models import Cursor, Reading
from baken.record.incidents.models import Attachment, Incident, Message
from baken.record.ledger.models import LedgerFact
from baken.record.looks.models import Look
from baken.record.monitors.models import Monitor, MonitorVersion, Sight, StateChange
from baken.record.orgs.fields import WrittenField
from baken.record.orgs.models import FileChunk
from baken.record.people.models import ApiToken, Membership, SignIn
from tests.databases import owning

COPY = """
INSERT INTO {table} SELECT made.* FROM {table} AS one CROSS JOIN {source}
CROSS JOIN LATERAL jsonb_populate_record(one, jsonb_build_object({changes})) AS made WHERE one.{key} = '{pk}'
"""
NUMBERS = "generate_series(1, {}) AS n"
SPREAD = """
generate_series(1, {}) AS n
JOIN (SELECT row_number() OVER (ORDER BY id) AS place, id FROM orgs_organisation WHERE kind = 'customer') AS owner
ON owner.place = 1 + n % (SELECT count(*) FROM orgs_organisation WHERE kind = 'customer')
JOIN (SELECT row_number() OVER (ORDER BY id) AS place, id FROM catalogue_service) AS service
ON service.place = 1 + n / 7 % (SELECT count(*) FROM catalogue_service)
"""
"""So many rows, over all customers and services alike."""
OTHERS = "(SELECT * FROM incidents_incident WHERE number > 100000) AS i"
USES = """
(SELECT o.id AS organisation, s.id AS service FROM orgs_organisation AS o CROSS JOIN catalogue_service AS s
WHERE o.code LIKE 'customer-%' AND hashtext(o.code || s.code) % 5 = 0) AS u
"""
SOMEBODY = "(SELECT id FROM people_user WHERE email_key = md5((1 + {} % 3000)::text))"
AT = "timestamptz '2026-01-05 08:00Z' + n * interval '20 minutes'"
"""When a row is from: one every twenty minutes."""


def fill(incident: Incident, attachment: Attachment) -> None:
    """Copies of an incident and of all around it: its people, its service, its clocks, its facts, its files."""
    with owning() as cursor:
        copy(incident.organisation, NUMBERS.format(60), code="'customer-' || n")
        copy(incident.service, NUMBERS.format(20), code="'service-' || n")
        agreed = Agreement.objects.get(service=incident.service, base=True)
        copy(agreed, "(SELECT * FROM catalogue_service WHERE code LIKE 'service-%') AS s", service_id="s.id")
        others = """(SELECT a.* FROM catalogue_agreement AS a JOIN catalogue_service AS s ON s.id = a.service_id
            WHERE s.code LIKE 'service-%') AS a"""
        copy(agreed.versions.get(), others, agreement_id="a.id")
        _people(incident)
        copy(
            Subscription.objects.get(organisation=incident.organisation), USES,
            organisation_id="u.organisation", service_id="u.service",
        )  # fmt: skip
        _incidents(incident)
        _around_incidents(incident)
        _files(attachment)
        _measured(incident)
        cursor.execute("ANALYZE")


def _people(incident: Incident) -> None:
    user = incident.reporter
    assert user is not None
    copy(user, SPREAD.format(3_000), organisation_id="owner.id", email_key="md5(n::text)")
    theirs = {"organisation_id": "person.organisation_id", "user_id": "person.id"}
    mine = "person.email_key = md5(n::text)"
    source = f"(SELECT person.* FROM people_user AS person JOIN {NUMBERS.format(3_000)} ON {mine}) AS person"
    copy(Membership.objects.get(user=user), source, **theirs)
    copy(ApiToken.objects.get(user=user), source, **theirs, digest="md5(person.id::text)")
    signed_in = {"user_id": "person.id", "session_key": "md5(person.id::text)"}
    copy(SignIn.objects.get(user=user), source, **signed_in)
    with connection.cursor() as cursor:
        cursor.execute(SESSIONS)


SESSIONS = """
INSERT INTO django_session SELECT md5(person.id::text), session_data, expire_date
FROM (SELECT * FROM django_session LIMIT 1) AS one CROSS JOIN people_user AS person
"""


def _incidents(incident: Incident) -> None:
    """Four of a hundred are open; of the others each has an instant of everything that a KPI asks for."""
    is_open = "n % 25 = 0"
    copy(
        incident, SPREAD.format(6_000), number="100000 + n", organisation_id="owner.id", service_id="service.id",
        reporter_id=SOMEBODY.format("n"), assignee_id=SOMEBODY.format("n * 7"), reported=AT, updated_at=AT,
        status=f"CASE WHEN {is_open} THEN 'open' ELSE 'closed' END",
        resolved_at=f"CASE WHEN {is_open} THEN NULL ELSE {AT} END",
        classes="CASE WHEN n % 10 = 0 THEN array['integrity'] ELSE array['availability'] END",
    )  # fmt: skip
    at = "(extract(epoch FROM i.reported) * 1000000)::bigint"
    ends = f"CASE WHEN i.resolved_at IS NULL THEN NULL ELSE {at} + 3600000000 END"
    copy(
        Reading.objects.get(incident_id=incident.id), OTHERS, incident_id="i.id", organisation_id="i.organisation_id",
        service_id="i.service_id", reported=at, last_at=at, classes="i.classes", open_starts=f"array[{at}]",
        open_ends=f"array[{ends}]", resolved_at=ends, response_judged_at=at, response_breached_at=at,
        resolution_judged_at=at, resolution_breached_at=ends, next_signal_at="NULL",
        break_in_confirmed_at=f"CASE WHEN i.number % 50 = 0 THEN {at} END",
        next_due=f"CASE WHEN i.resolved_at IS NULL THEN {at} END",
    )  # fmt: skip


def _around_incidents(incident: Incident) -> None:
    each = "incidents_incident AS i CROSS JOIN generate_series(1, {}) AS n"
    theirs = {"organisation_id": "i.organisation_id"}
    message = Message.objects.filter(incident=incident)[0]
    copy(
        message, each.format(3), **theirs, incident_id="i.id", visible="n < 3", created_at="i.reported",
        author_id=SOMEBODY.format("(i.number + n)"),
    )  # fmt: skip
    fact = LedgerFact.objects.filter(stream_id=incident.id)[0]
    told = "CASE WHEN n = 1 THEN one.kind ELSE 'incident.picked_up' END"
    copy(
        fact, f"{OTHERS} CROSS JOIN generate_series(1, 3) AS n", **theirs, stream_id="i.id", seq="n", at="i.reported",
        recorded="i.reported", kind=told,
    )  # fmt: skip
    copy(
        Look.objects.all()[0], each.format(1), **theirs, at="i.reported", record="i.number::text",
        reader="'user:' || i.id", person="i.id",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(TOKENS)
        cursor.execute("SELECT max(position) FROM ledger_ledgerfact")
        Cursor.objects.filter(name=FOLLOWER).update(position=cursor.fetchone()[0])


def _files(attachment: Attachment) -> None:
    """One with each of six thousand messages."""
    copy(attachment.file, OTHERS, organisation_id="i.organisation_id")
    others = f"(SELECT *, row_number() OVER () AS nth FROM orgs_file WHERE id <> '{attachment.file_id}') AS f"
    copy(FileChunk.objects.get(file=attachment.file), others, organisation_id="f.organisation_id", file_id="f.id")
    copy(
        attachment, f"(SELECT *, row_number() OVER () AS nth FROM incidents_message) AS m JOIN {others} USING (nth)",
        organisation_id="m.organisation_id", message_id="m.id", file_id="f.id",
    )  # fmt: skip


TOKENS = """
INSERT INTO orgs_searchtoken (organisation_id, token, version, scope, record)
SELECT organisation_id, hashint4(word * (word + number::int % 500)), 1, 'incident', id
FROM incidents_incident CROSS JOIN generate_series(1, 15) AS word ON CONFLICT DO NOTHING
"""


def _measured(incident: Incident) -> None:
    """Two monitors of each service, seen from one place."""
    monitor = Monitor.objects.get(service=incident.service)
    copy(
        monitor, f"catalogue_service AS s CROSS JOIN {NUMBERS.format(2)}", id="md5(s.id::text || n)", service_id="s.id"
    )
    copy(MonitorVersion.objects.get(monitor=monitor), "monitors_monitor AS m", monitor_id="m.id", valid_from="now()")
    sight = Sight.objects.get(monitor=monitor)
    copy(sight, f"(SELECT * FROM monitors_monitor WHERE id <> '{monitor.id}') AS m", monitor_id="m.id")
    change = StateChange.objects.filter(sight=sight)[0]
    states = "CASE WHEN n % 2 = 0 THEN 'up' ELSE 'down' END"
    copy(change, f"monitors_sight AS s CROSS JOIN {NUMBERS.format(400)}", sight_id="s.id", at=AT, state=states)


def copy(row: Model, source: str, **changes: str) -> None:
    """A row as many times as the source has rows, with new ids. changes: by column, SQL over the source."""
    model, key = type(row), row._meta.pk
    assert key is not None
    texts = {field.column: "'\\x'" for field in model._meta.concrete_fields if isinstance(field, WrittenField)}
    table = model._meta.db_table
    fresh = "gen_random_uuid()" if key.get_internal_type() == "UUIDField" else _next(table, str(key.column))
    given = {**texts, str(key.column): fresh, **changes}
    said = ", ".join(f"'{name}', {value}" for name, value in given.items())
    with connection.cursor() as cursor:
        cursor.execute(COPY.format(table=table, key=key.column, pk=row.pk, source=source, changes=said))


def _next(table: str, column: str) -> str:
    return f"nextval(pg_get_serial_sequence('{table}', '{column}'))"
