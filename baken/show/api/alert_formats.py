"""What security tools send, as each publishes it, read into one form.

CrowdSec: its HTTP notification with `{{.|toJson}}`, a list of alerts. Wazuh: the alert that the integrator hands to a
custom integration. Falco: the JSON of `http_output`, which Falcosidekick's webhook passes on. fail2ban and any other
tool: forms of our own. Tools may add members to theirs; of ours an unknown member is refused.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

from ninja import Schema
from ninja.errors import ValidationError
from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic import ValidationError as Misfit

from baken.domain.alerts import Alert, Level
from baken.record.detection.alerts import LONGEST
from baken.record.detection.models import AlertSource
from baken.show.api.schemas import Input

MOST = 1_000
"""Alerts in one request."""
COMPACT = json.JSONEncoder(ensure_ascii=False)

Some = Annotated[str, StringConstraints(min_length=1)]
Text = Annotated[str, BeforeValidator(lambda given: "" if given is None else given)]
"""What a tool may also leave out, or send as null. However long it is, it is taken, and cut where it is kept: outsiders
have a say in it, and nobody may keep a tool from alerting of them."""


class Told(Schema):
    """A tool's own form, of which these members are read; as little as possible is asked of them."""

    model_config = ConfigDict(extra="ignore")

    def alert(self, given: Any) -> Alert:
        """What it says. given: the whole of it."""
        raise NotImplementedError


class CrowdSecSource(Schema):
    """Who attacked, as CrowdSec names them."""

    value: Text = ""


class CrowdSecAlert(Told):
    """`models.Alert` of CrowdSec."""

    scenario: Some
    message: Text = ""
    source: CrowdSecSource | None = None
    decisions: list[Any] | None = None
    machine_id: Text = ""
    simulated: bool | None = None
    uuid: Text = ""

    def alert(self, given: Any) -> Alert:
        """What was blocked is low, what was not is medium; an exercise is for information."""
        level = Level.LOW if self.decisions else Level.MEDIUM
        return Alert(
            key=self.uuid or _digest(given),
            rule=self.scenario,
            host=self.machine_id,
            title=f"{self.scenario} from {self.source.value}" if self.source and self.source.value else self.scenario,
            text=f"{self.message}\n\n{_whole(given)}".strip(),
            level=Level.INFO if self.simulated else level,
            named=bool(self.uuid),
        )


class WazuhRule(Schema):
    """What fired."""

    id: Annotated[str | int, Field(union_mode="left_to_right")]
    level: int
    description: Text = ""


class WazuhAgent(Schema):
    """On which machine."""

    id: Text = ""
    name: Text = ""


class WazuhAlert(Told):
    """An alert of Wazuh, as in alerts.json."""

    id: Text = ""
    rule: WazuhRule
    agent: WazuhAgent | None = None
    full_log: Text = ""

    def alert(self, given: Any) -> Alert:
        """Wazuh's own classes: 15 and more is critical, 12 high, 7 medium, 4 low."""
        steps = ((15, Level.CRITICAL), (12, Level.HIGH), (7, Level.MEDIUM), (4, Level.LOW))
        agent = self.agent or WazuhAgent()
        return Alert(
            key=self.id or _digest(given),
            rule=str(self.rule.id),
            host=agent.name or agent.id,
            title=self.rule.description,
            text=f"{self.full_log}\n\n{_whole(given)}".strip(),
            level=next((level for least, level in steps if self.rule.level >= least), Level.INFO),
            named=bool(self.id),
        )


FALCO = {
    "emergency": Level.CRITICAL, "alert": Level.CRITICAL, "critical": Level.CRITICAL, "error": Level.HIGH,
    "warning": Level.MEDIUM, "notice": Level.LOW, "informational": Level.INFO, "debug": Level.INFO,
}  # fmt: skip


class FalcoAlert(Told):
    """An event of Falco."""

    rule: Some
    priority: Annotated[str, StringConstraints(to_lower=True, pattern=f"(?i)^({'|'.join(FALCO)})$")]
    output: Text = ""
    hostname: Text = ""
    uuid: Text = ""

    def alert(self, given: Any) -> Alert:
        """The priorities are those of syslog."""
        return Alert(
            key=self.uuid or _digest(given),
            rule=self.rule,
            host=self.hostname,
            title=self.rule,
            text=f"{self.output}\n\n{_whole(given)}".strip(),
            level=FALCO[self.priority.lower()],
            named=bool(self.uuid),
        )


class Fail2BanAlert(Input):
    """A ban, as the action in docs/how-to sends it. time: seconds since 1970, as fail2ban's `<time>`."""

    jail: Some
    ip: Some
    host: str = ""
    failures: Annotated[int, Field(ge=0, lt=2**31)] = 0
    time: Annotated[float, Field(ge=0, lt=2**33)]
    level: Level = Level.LOW

    def alert(self, given: Any) -> Alert:
        """A ban is an attack that was stopped, hence low; the action of a graver jail may say otherwise."""
        text = f"{self.ip} was banned by jail {self.jail} after {self.failures} failures."
        where = f"{self.jail}/{self.host}/{self.ip}/{self.time}"
        title = f"{self.jail}: {self.ip} was banned"
        return Alert(key=where, rule=self.jail, host=self.host, title=title, text=text, level=self.level)


class GenericAlert(Input):
    """An alert of any other tool. id: the same when it is sent again; without it equal ones soon after are one."""

    id: str = ""
    rule: Some
    host: str = ""
    level: Level
    title: str = ""
    text: str = ""

    def alert(self, given: Any) -> Alert:
        """As it stands."""
        key, named = self.id or _digest(given), bool(self.id)
        return Alert(key, self.rule, self.host, self.title, self.text, self.level, named=named)


FORMS: Mapping[str, type[Told | Fail2BanAlert | GenericAlert]] = {
    AlertSource.Tool.CROWDSEC: CrowdSecAlert,
    AlertSource.Tool.WAZUH: WazuhAlert,
    AlertSource.Tool.FALCO: FalcoAlert,
    AlertSource.Tool.FAIL2BAN: Fail2BanAlert,
    AlertSource.Tool.GENERIC: GenericAlert,
}


def read(tool: str, body: Any) -> tuple[list[Alert], list[dict[str, Any]]]:
    """The alerts in a body, one or a list of them; and what does not fit of those of the list that cannot be read.

    Raises ninja's ValidationError, which names the members, when none of them can.
    """
    if isinstance(body, list) and not 1 <= len(body) <= MOST:
        raise ValidationError([{"loc": ("body",), "msg": f"send 1 to {MOST} alerts at once"}])
    alerts, unread = [], []
    for where, one in enumerate(body) if isinstance(body, list) else [(None, body)]:
        try:
            alerts.append(FORMS[tool].model_validate(one).alert(one))
        except Misfit as error:
            place = ("body", "data") if where is None else ("body", "data", where)
            unread += [{"loc": (*place, *found["loc"]), "msg": found["msg"]} for found in error.errors()]
    if not alerts:
        raise ValidationError(unread)
    return alerts, unread


def _whole(given: Any) -> str:
    """All that it says, as far as it is kept: written piece by piece, so that what is not kept costs nothing."""
    written, length = [], 0
    for piece in COMPACT.iterencode(given):
        written.append(piece)
        length += len(piece)
        if length >= LONGEST:
            break
    return "".join(written)[:LONGEST]


def _digest(given: Any) -> str:
    """What names an alert whose tool gives it no name: all that it says."""
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()
