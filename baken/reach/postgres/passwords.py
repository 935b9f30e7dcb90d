"""New passwords for the roles of an embedded server that is running."""

import secrets

import psycopg
from psycopg import sql

from baken.reach.postgres import place as places
from baken.reach.postgres.errors import ClusterError

ROLES = (
    (places.APPLICATION, "password"),
    (places.OWNER, "owner-password"),
    (places.ADMIN, "admin-password"),
)


def renew(place: places.Place) -> None:
    """Give every role another password. Whoever is connected stays so; who connects reads the new one.

    Killed half-way it is done again: each new password lies beside the old one until the server knows it. Raises
    ClusterError.
    """
    for role, file in ROLES:
        fresh = secrets.token_urlsafe(32)
        with _superuser(place) as connection:
            place.write(f"{file}.next", fresh)
            known = connection.pgconn.encrypt_password(fresh.encode(), role.encode(), b"scram-sha-256").decode()
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(known))
            connection.execute(statement)
        place.write(file, fresh)
        (place.root / f"{file}.next").unlink()


def _superuser(place: places.Place) -> psycopg.Connection:
    """As the superuser, by its password or by the one it was about to get."""
    _, file = ROLES[-1]
    for name in (file, f"{file}.next"):
        if (place.root / name).exists():
            try:
                return psycopg.connect(
                    host=place.host, port=place.read("port"), dbname=places.DATABASE, user=places.ADMIN,
                    password=place.read(name), autocommit=True,
                )  # fmt: skip
            except psycopg.OperationalError as error:
                refused = error
    raise ClusterError("the server takes neither password of its superuser; is it running?") from refused
