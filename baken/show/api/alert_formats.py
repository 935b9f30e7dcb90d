"""What security tools send, as each publishes it, read into one form.

CrowdSec: its HTTP notification with `{{.|toJson}}`, a list of alerts. Wazuh: the alert that the integrator hands to a
custom integration. Falco: the JSON of `http_output`, which Falcosidekick's webhook passes on. fail2ban and any other
tool: forms of our own. Tools may add members to theirs; of ours an unknown member is refused.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from ninja import Schema
from ninja.errors import ValidationError
from pydantic import ConfigDict, Field, StringConstraints
from pydantic import ValidationError as Misfit

from baken.domain.alerts import Alert, Level
from baken.record.detection.alerts import LONGEST
from baken.record.detection.models import AlertSource
from baken.show.api.schemas import Input

MOST = 1_000
"""Alerts in one request."""
COMPACT = json.JSONEncoder(ensure_ascii=False)

Short = Annotated[str, StringConstraints(max_length=500)]
Some = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Long = Annotated[str, StringConstraints(max_length=100_000)]


class Told(Schema):
    """A tool's own form, of which these members are read."""

    model_config = ConfigDict(extra="ignore")

    def alert(self, given: Any) -> Alert:
        """What it says. given: the whole of it."""
        raise NotImplementedError


class CrowdSecSource(Schema):
    """Who attacked, as CrowdSec names them."""

    scope: Short = ""
    value: Short = ""


class CrowdSecDecision(Schema):
    """What CrowdSec did about it."""

    type: Short = ""
    duration: Short = ""


class CrowdSecAlert(Told):
    """`models.Alert` of CrowdSec."""

    scenario: Some
    message: Long | None = None
    source: CrowdSecSource | None = None
    decisions: Annotated[list[CrowdSecDecision], Field(max_length=1_000)] | None = None
    machine_id: Short = ""
    simulated: bool | None = None
    uuid: Short = ""

    def alert(self, given: Any) -> Alert:
        """What was blocked is low, what was not is medium; an exercise is for information."""
        level = Level.LOW if self.decisions else Level.MEDIUM
        return Alert(
            key=self.uuid or _digest(given),
            rule=self.scenario,
            host=self.machine_id,
            title=f"{self.scenario} from {self.source.value}" if self.source and self.source.value else self.scenario,
            text=f"{self.message or ''}\n\n{_whole(given)}".strip(),
            level=Level.INFO if self.simulated else level,
            named=bool(self.uuid),
        )


class WazuhRule(Schema):
    """What fired."""

    id: Annotated[str | int, Field(union_mode="left_to_right")]
    level: Annotated[int, Field(ge=0, le=16)]
    description: Short = ""


class WazuhAgent(Schema):
    """On which machine."""

    id: Short = ""
    name: Short = ""


class WazuhAlert(Told):
    """An alert of Wazuh, as in alerts.json."""

    id: Short = ""
    rule: WazuhRule
    agent: WazuhAgent = WazuhAgent()
    full_log: Long = ""

    def alert(self, given: Any) -> Alert:
        """Wazuh's own classes: 15 and more is critical, 12 high, 7 medium, 4 low."""
        steps = ((15, Level.CRITICAL), (12, Level.HIGH), (7, Level.MEDIUM), (4, Level.LOW))
        return Alert(
            key=self.id or _digest(given),
            rule=str(self.rule.id),
            host=self.agent.name or self.agent.id,
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
    output: Long
    hostname: Short = ""
    uuid: Short = ""

    def alert(self, given: Any) -> Alert:
        """The priorities are those of syslog."""
        return Alert(
            key=self.uuid or _digest(given),
            rule=self.rule,
            host=self.hostname,
            title=self.rule,
            text=f"{self.output}\n\n{_whole(given)}",
            level=FALCO[self.priority.lower()],
            named=bool(self.uuid),
        )


class Fail2BanAlert(Input):
    """A ban, as the action in docs/how-to sends it. time: seconds since 1970, as fail2ban's `<time>`."""

    jail: Some
    ip: Some
    host: Short = ""
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

    id: Short = ""
    rule: Some
    host: Short = ""
    level: Level
    title: Annotated[str, StringConstraints(max_length=200)] = ""
    text: Long = ""

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


def read(tool: str, body: Any) -> Sequence[Alert]:
    """The alerts in a body: one, or a list of them. Raises ninja's ValidationError, which names the member."""
    if not isinstance(body, list):
        return [_read(tool, body, ())]
    if not 1 <= len(body) <= MOST:
        raise ValidationError([{"loc": ("body",), "msg": f"send 1 to {MOST} alerts at once"}])
    return [_read(tool, one, (index,)) for index, one in enumerate(body)]


def _read(tool: str, one: Any, where: tuple[int, ...]) -> Alert:
    try:
        return FORMS[tool].model_validate(one).alert(one)
    except Misfit as error:
        errors = [{"loc": ("body", "data", *where, *found["loc"]), "msg": found["msg"]} for found in error.errors()]
        raise ValidationError(errors) from error


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
