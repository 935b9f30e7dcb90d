"""The codes of incidents and complaints in plain words."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from baken.record.incidents.models import Incident

Words = Mapping[str, Promise]

STATUS: Words = {
    "new": _("new"),
    "open": _("in progress"),
    "waiting": _("waiting"),
    "resolved": _("resolved"),
    "closed": _("closed"),
}
OUTCOME: Words = {
    "withdrawn": _("withdrawn"),
    "rejected": _("rejected"),
    "duplicate": _("duplicate"),
    "test": _("test"),
    "spam": _("spam"),
}
PRIORITY: Words = {
    "high": pgettext_lazy("priority", "high"),
    "medium": pgettext_lazy("priority", "medium"),
    "low": pgettext_lazy("priority", "low"),
}
CLASS: Words = {
    "availability": _("availability"),
    "integrity": _("integrity"),
    "security": _("security"),
    "other": _("other"),
}
ORIGIN: Words = {
    "customer": _("reported by the customer"),
    "agent": _("registered at the desk"),
    "api": _("reported through the API"),
    "import": _("imported"),
    "monitor": _("opened by a monitor"),
}
WAITING: Words = {
    "customer": _("the customer"),
    "supplier": _("a supplier"),
    "other": _("somebody else"),
}
VIEW: Words = {
    "mine": _("Mine"),
    "unassigned": _("Nobody's yet"),
    "open": _("All open"),
    "waiting": _("Waiting"),
    "resolved": _("Resolved"),
}
STEP: Words = {
    "early_warning": _("early warning"),
    "notification": _("notification"),
    "final_report": _("final report"),
}
STANDING: Words = {
    "done": _("sent in time"),
    "late": _("sent late"),
    "open": _("not sent yet"),
    "overdue": _("not sent, too late"),
}
CLOCK: Words = {"response": _("response time"), "resolution": _("resolution time")}
IMPACT: Words = {
    "1": _("Everybody, or a whole location"),
    "2": _("Several people"),
    "3": _("One person"),
}
URGENCY: Words = {
    "1": _("Work has stopped"),
    "2": _("Work goes on, with difficulty"),
    "3": _("It can wait"),
}
CONCERN: Words = {
    "availability": _("Something cannot be reached, or is very slow"),
    "integrity": _("Data is missing, damaged or wrong"),
    "security": _("Somebody may have seen or changed what is not theirs"),
}
CAUSE: Words = {
    "force_majeure": _("force majeure"),
    "customer_side": _("a cause on the customer's side"),
}
DECISION: Words = {
    "upheld": _("upheld"),
    "partly_upheld": _("partly upheld"),
    "not_upheld": _("not upheld"),
    "withdrawn": _("withdrawn"),
}
LEFT_OUT: Words = {"test": _("test"), "spam": _("spam"), "duplicate": _("duplicate")}
REASON: Words = {
    "service hours": _("service hours"),
    "elapsed": _("counted around the clock"),
    "waiting for customer": _("waiting for the customer"),
    "waiting for supplier": _("waiting for a supplier"),
    "resolved": _("resolved"),
    "outside hours": _("outside service hours"),
    "holiday": _("public holiday"),
    "closed day": _("closed day"),
}
ACTOR: Words = {
    "token": _("an API client"),
    "import": _("the import"),
    "monitor": _("the monitor"),
    "clock": _("the clock"),
}


def for_the_customer(incident: Incident) -> str:
    """Where an incident stands, as one says it to the customer."""
    if incident.outcome == "withdrawn":
        return gettext("You withdrew this incident.")
    if incident.outcome == "duplicate":
        return gettext("This is part of another incident; everything goes on there.")
    if incident.outcome:
        return gettext("The desk left this incident out; the last message says why.")
    if incident.outage_id and incident.resolved_at:
        return gettext("This was part of an outage that is over. If something is still wrong, report it anew.")
    if incident.status == Incident.Status.WAITING and incident.waiting_on == "customer":
        return gettext("We asked you something and are waiting for your answer.")
    return {
        "new": gettext("We received it. Nobody has answered yet."),
        "open": gettext("We are working on it."),
        "waiting": gettext("We are working on it, and waiting for somebody else."),
        "resolved": gettext("We say it is solved. If it is not, tell us: it opens again."),
        "closed": gettext("Solved and closed."),
    }[incident.status]
