"""Who is let into an embedded server at its socket: accounts of the system, as which nobody else can pose."""

import os
import pwd
from pathlib import Path

from baken.reach.postgres.errors import ClusterError
from baken.reach.postgres.place import ADMIN, APPLICATION, OWNER, Place

ROLES = (APPLICATION, OWNER, ADMIN)
RULES = """\
# Written anew at each start. The system says who asks; pg_ident.conf beside this says who may be whom.
local all all peer map=baken
local replication all peer map=baken
"""


def known_by_account(place: Place, home: Path) -> dict[str, str]:
    """Let in the account that asks now, the one whose `home` it is, and root; the settings of PostgreSQL that say so.

    Raises ClusterError for an account without a name.
    """
    accounts = {_name(os.geteuid()), _name(home.stat().st_uid), "root"}
    pairs = [f'baken "{account}" {role}' for account in sorted(accounts) for role in ROLES]
    place.write("conf.d/pg_hba.conf", RULES, 0o644)
    place.write("conf.d/pg_ident.conf", "\n".join(pairs) + "\n", 0o644)
    folder = place.conf.parent
    return {"hba_file": str(folder / "pg_hba.conf"), "ident_file": str(folder / "pg_ident.conf")}


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        raise ClusterError(
            f"BAKEN_STRICT: the account {number} has no name by which PostgreSQL could know it; give it one in "
            "/etc/passwd, or set DATABASE_URL"
        ) from None
