"""Words of the administration: roles, troubles of locations, routines of the worker, matters of health, alerts."""

from django import template
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from baken.record.detection.health import Matter
from baken.show.web.forms.alerts import HONEY, TOOLS
from baken.show.web.forms.people import ROLE_NAMES

register = template.Library()

TROUBLES = {
    "blocked": _("private address, not allowed"),
    "clock": _("its clock was set"),
    "invalid": _("check cannot be run"),
    "network": _("its network is down"),
    "overloaded": _("too busy"),
    "prober": _("the prober failed"),
    "spool full": _("results are being lost"),
}
ROUTINES = {
    "detection": _("outages become incidents"),
    "sessions": _("sessions that are over are forgotten"),
    "results": _("old results are tidied up"),
    "progress": _("progress goes on the ledger"),
    "chain": _("the ledger is verified"),
    "alerts": _("old alerts are forgotten"),
    "audits": _("audits are watched for what is due"),
    "files": _("files that nobody kept are removed"),
    "erased again": _("whoever was erased stays erased"),
    "file check": _("files are read and compared with what was stored"),
}
MATTERS = {
    Matter.WORKER_SILENT: _(
        "The worker has not been heard of. Warnings, breaches and outages wait for it: see logs/worker.log."
    ),
    Matter.ROUTINE_FAILS: _("A routine of the worker fails; see logs/worker.log."),
    Matter.CHAIN_OLD: _("The ledger has not been verified for two days."),
    Matter.DISK_FULL: _("The disk is almost full. Make room, or give it more."),
    Matter.KEYS_HALF: _(
        "Keys have been half renewed for a day, and the old ones still open: baken doctor says what to run."
    ),
    Matter.LOCATION_SILENT: _("The location has not been heard of for five minutes. What it measures is not known."),
    Matter.LOCATION_TROUBLED: _("The location cannot measure everything."),
    Matter.NO_LOCATION: _("There is no location, so nothing is measured. Add one."),
    Matter.NOT_MEASURED: _("Nobody measures this service, so its uptime is not proven. Add a monitor."),
    Matter.USES_NOTHING: _("This customer uses no service, so they cannot report an incident."),
}


LEVELS = {
    "info": pgettext_lazy("alert", "for information"),
    "low": pgettext_lazy("alert", "low"),
    "medium": pgettext_lazy("alert", "medium"),
    "high": pgettext_lazy("alert", "high"),
    "critical": pgettext_lazy("alert", "critical"),
}


@register.filter
def level_name(level: str) -> str:
    """How grave an alert is."""
    return str(LEVELS[level])


@register.filter
def tool_name(code: str) -> str:
    """What a tool is called."""
    return str({tool.value: words for tool, words in TOOLS.items()}[code])


@register.filter
def honey_name(code: str) -> str:
    """What a honey token looks like."""
    return str({kind.value: words for kind, words in HONEY.items()}[code])


@register.filter
def role_name(code: str) -> str:
    """What a role is called."""
    return str(ROLE_NAMES.get(code, code))


@register.filter
def trouble_words(reason: str) -> str:
    """What troubles a location."""
    return str(TROUBLES.get(reason, reason))


@register.filter
def routine_words(name: str) -> str:
    """What a routine of the worker does."""
    return str(ROUTINES.get(name, name))


@register.filter
def matter_words(matter: Matter) -> str:
    """What needs attention, and what to do about it."""
    return str(MATTERS[matter])


@register.filter
def microseconds(milliseconds: int) -> int:
    """Milliseconds as the microseconds that `duration` takes."""
    return milliseconds * 1_000
