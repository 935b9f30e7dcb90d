"""What PostgreSQL means to do for each statement, asked right where it runs: as the role that asks, on its rows."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

LARGE = 2_000
"""Rows from which on a table, or an index of it, may not be read as a whole."""
EXPLAINED = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


@dataclass
class Plans:
    """The plans of what was asked. walks: large tables that are read as a whole, each with role and statement.

    large: the tables and indexes with many rows. used: every index. roles: all that asked something.
    """

    large: frozenset[str]
    used: set[str] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)
    walks: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, plan: dict[str, Any], role: str, statement: str) -> None:
        """One plan: its indexes, and what it reads as a whole."""
        self.roles.add(role)
        self.used |= {node["Index Name"] for node, _ in _nodes(plan, limited=False) if "Index Name" in node}
        self.walks += [(table, role, statement) for table in self.walked(plan)]

    def walked(self, plan: dict[str, Any]) -> list[str]:
        """The large tables, or indexes, that a plan reads as a whole."""
        found = [(_read(node), node, limited) for node, limited in _nodes(plan, limited=False)]
        return [name for name, node, limited in found if name in self.large and _is_walk(node, limited)]


def _read(node: dict[str, Any]) -> str:
    """What a node reads: the index when it reads the table by one."""
    return str(node.get("Index Name") or node.get("Relation Name"))


def _is_walk(node: dict[str, Any], limited: bool) -> bool:
    if "Index Name" in node:
        return "Index Cond" not in node and not limited
    return bool(node["Node Type"] == "Seq Scan")


def _nodes(node: dict[str, Any], *, limited: bool) -> Iterator[tuple[dict[str, Any], bool]]:
    """Each node of a plan, and whether it is only read until there is enough."""
    yield node, limited
    kind = node["Node Type"]
    inside = kind == "Limit" or (limited and kind not in ("Sort", "Hash", "Aggregate", "Materialize"))
    for part in node.get("Plans", ()):
        yield from _nodes(part, limited=inside)


@contextmanager
def explained() -> Iterator[Plans]:
    """The plans of all that the connection is asked inside."""
    plans = Plans(_large())
    with connection.execute_wrapper(_explainer(plans)):
        yield plans


def _large() -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind IN ('r', 'i') AND reltuples >= %s", [LARGE])
        return frozenset(name for (name,) in cursor.fetchall())


def _explainer(plans: Plans) -> Callable[..., Any]:
    def explain(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if isinstance(sql, str) and sql.lstrip().startswith(EXPLAINED) and not many:
            with connection.connection.cursor() as cursor:
                role = cursor.execute("SELECT current_user::text").fetchone()[0]
                plan = _plan(cursor, sql, params)
                if plans.walked(plan):  # by choice, or because there is no other way
                    cursor.execute("SET enable_seqscan = off")
                    plan = _plan(cursor, sql, params)
                    cursor.execute("RESET enable_seqscan")
            plans.add(plan, role, sql)
        return execute(sql, params, many, context)

    return explain


def _plan(cursor: Any, sql: str, params: Any) -> dict[str, Any]:
    found = cursor.execute("EXPLAIN (FORMAT JSON) " + sql, params).fetchone()[0]
    plan: dict[str, Any] = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return plan
