"""What can be done about an incident: one entry per action, each a form and a call of its flow.

The addresses, the page and the shortcuts are made of this table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from baken.domain.facts import IncidentClass, Outcome
from baken.record.incidents import break_ins, flows
from baken.record.incidents.checks import DONE, may_take_out
from baken.record.incidents.models import Incident, Message
from baken.record.people.access import Caller, Permission
from baken.show.files import all_arrived
from baken.show.web.forms import incidents as forms

Given = Mapping[str, Any]
_WORK, _REPORT, _CORRECT = Permission.WORK_INCIDENTS, Permission.REPORT_INCIDENTS, Permission.CORRECT_FACTS


def _undone(incident: Incident) -> bool:
    return incident.status not in DONE and not incident.outcome


def _talking(incident: Incident) -> bool:
    return incident.status != Incident.Status.CLOSED and not incident.outcome


def _answerable(incident: Incident) -> bool:
    """What shared the resolution of an outage does not open again by an answer."""
    over = incident.outage_id is not None and incident.status in DONE
    return _talking(incident) and not over


def _counting(incident: Incident) -> bool:
    return not incident.outcome


def _resolvable(incident: Incident) -> bool:
    return _undone(incident) and incident.outage_id is None


def _reopenable(incident: Incident) -> bool:
    return incident.status in DONE and _counting(incident) and incident.outage_id is None


def _of_security(incident: Incident) -> bool:
    return _counting(incident) and IncidentClass.SECURITY in incident.classes


@dataclass(frozen=True, slots=True)
class Action:
    """One action.

    fits: whether it makes sense for an incident. draft: the kind of message whose draft fills it in. staff: whether
    it is for the desk alone, for customers alone (False) or for both (None). once_done: what it takes after the
    resolution. takes_out: whether it is for the manager alone while somebody may have broken in.
    """

    form: type[forms.ActionForm]
    do: Callable[[Caller, int, Given], object]
    done: str | Promise
    fits: Callable[[Incident], bool] = _counting
    needs: Permission = _WORK
    draft: str = ""
    staff: bool | None = True
    once_done: Permission | None = None
    takes_out: bool = False

    @property
    def takes_files(self) -> bool:
        """Whether files can be sent with it."""
        return "file" in self.form.base_fields

    def open_to(self, caller: Caller, incident: Incident) -> bool:
        """Whether the caller can do it now."""
        for_them = self.staff is None or self.staff == caller.staff
        late = self.once_done is not None and incident.status in DONE and not caller.may(self.once_done)
        held = self.takes_out and not may_take_out(caller, incident)
        return for_them and not late and not held and caller.may(self.needs) and self.fits(incident)


def _reply(caller: Caller, number: int, given: Given) -> object:
    return flows.reply(caller, number, body=given["message"], seen=given["seen"], files=all_arrived(given["file"]))


def _note(caller: Caller, number: int, given: Given) -> object:
    return flows.note(caller, number, body=given["message"], files=all_arrived(given["file"]))


def _answer(caller: Caller, number: int, given: Given) -> object:
    return flows.answer(caller, number, body=given["message"], files=all_arrived(given["file"]))


def _wait(caller: Caller, number: int, given: Given) -> object:
    return flows.wait(caller, number, on=given["on"], question=given["message"], seen=given["seen"])


def _resolve(caller: Caller, number: int, given: Given) -> object:
    return flows.resolve(caller, number, body=given["message"], seen=given["seen"], files=all_arrived(given["file"]))


def _reopen(caller: Caller, number: int, given: Given) -> object:
    return flows.reopen(caller, number, reason=given["message"], files=all_arrived(given["file"]))


def _priority(caller: Caller, number: int, given: Given) -> object:
    levels = {"impact": given["impact"], "urgency": given["urgency"]}
    return flows.change_priority(caller, number, **levels, reason=given["message"])


def _consent(caller: Caller, number: int, given: Given) -> object:
    return flows.record_consent(caller, number, cause=given["cause"], consent=given["message"])


ACTIONS: Mapping[str, Action] = {
    "reply": Action(forms.ReplyForm, _reply, _("Your reply was sent."), _talking, draft=Message.Kind.REPLY),
    "note": Action(forms.NoteForm, _note, _("Your note was added."), lambda incident: True, draft=Message.Kind.NOTE),
    "call": Action(
        forms.CallForm,
        lambda caller, number, given: flows.log_call(caller, number, body=given["message"], began=given["began"]),
        _("The call was logged."),
        _talking,
        draft=Message.Kind.CALL,
    ),
    "answer": Action(
        forms.AnswerForm, _answer, _("Your answer was sent."), _answerable, _REPORT, Message.Kind.REPLY, staff=False
    ),
    "taking": Action(
        forms.TakeForm,
        lambda caller, number, given: flows.take(caller, number, over=given["over"]),
        _("It is yours now."),
        _undone,
    ),
    "assignee": Action(
        forms.AssignForm,
        lambda caller, number, given: flows.assign(caller, number, to=given["to"]),
        _("It was assigned."),
        _undone,
    ),
    "waiting": Action(forms.WaitForm, _wait, _("It waits now."), _undone),
    "resumption": Action(
        forms.NothingForm,
        lambda caller, number, given: flows.resume(caller, number),
        _("It does not wait any more."),
        lambda incident: _undone(incident) and bool(incident.waiting_on),
    ),
    "resolution": Action(forms.ResolveForm, _resolve, _("It is resolved."), _resolvable),
    "reopening": Action(forms.ReopenForm, _reopen, _("It is open again."), _reopenable, _REPORT, staff=None),
    "closing": Action(
        forms.NothingForm,
        lambda caller, number, given: flows.close(caller, number),
        _("It is closed."),
        lambda incident: incident.status == Incident.Status.RESOLVED and _counting(incident),
    ),
    "priority": Action(forms.PriorityForm, _priority, _("The priority was changed."), once_done=_CORRECT),
    "classes": Action(
        forms.ClassesForm,
        lambda caller, number, given: flows.change_classes(
            caller, number, classes=given["classes"], reason=given["message"]
        ),
        _("The classes were changed."),
    ),
    "confirmation": Action(
        forms.NothingForm,
        lambda caller, number, given: flows.confirm_classes(caller, number),
        _("The classes are confirmed."),
        lambda incident: _counting(incident) and not incident.classes_confirmed,
    ),
    "exclusion": Action(
        forms.LeaveOutForm,
        lambda caller, number, given: flows.leave_out(
            caller, number, outcome=given["outcome"], reason=given["message"]
        ),
        _("It is left out of the counts."),
        takes_out=True,
    ),
    "withdrawal": Action(
        forms.WithdrawForm,
        lambda caller, number, given: flows.leave_out(
            caller, number, outcome=Outcome.WITHDRAWN, reason=given["message"]
        ),
        _("You withdrew the incident."),
        _undone,
        _REPORT,
        staff=False,
        takes_out=True,
    ),
    "readmission": Action(
        forms.ReasonForm,
        lambda caller, number, given: flows.readmit(caller, number, reason=given["message"]),
        _("It counts again."),
        lambda incident: not _counting(incident),
        takes_out=True,
    ),
    "merger": Action(
        forms.MergeForm,
        lambda caller, number, given: flows.merge(caller, number, into=given["into"]),
        _("It was merged."),
        takes_out=True,
    ),
    "outage": Action(
        forms.OutageForm,
        lambda caller, number, given: flows.join_outage(caller, number, outage=given["outage"]),
        _("It shares the resolution of that outage now."),
        lambda incident: _counting(incident) and incident.outage_id is None and incident.origin != "monitor",
    ),
    "consent": Action(forms.ConsentForm, _consent, _("The consent was recorded."), needs=_CORRECT),
    "retraction": Action(
        forms.RetractForm,
        lambda caller, number, given: flows.retract(caller, number, seq=given["seq"], reason=given["message"]),
        _("The fact was retracted."),
        lambda incident: True,
        _CORRECT,
    ),
    "restoration": Action(
        forms.RestorationForm,
        lambda caller, number, given: flows.judge_restoration(
            caller, number, restored=given["restored"], reason=given["message"]
        ),
        _("Your verdict was recorded."),
        lambda incident: _counting(incident) and IncidentClass.INTEGRITY in incident.classes,
    ),
    "break-in": Action(
        forms.BreakInForm,
        lambda caller, number, given: break_ins.judge(
            caller, number, confirmed=given["confirmed"], reason=given["message"]
        ),
        _("Your verdict was recorded."),
        _of_security,
        _CORRECT,
    ),
    "authority-report": Action(
        forms.AuthorityReportForm,
        lambda caller, number, given: break_ins.tell_authority(
            caller, number, step=given["step"], sent=given["sent"], reference=given["message"]
        ),
        _("The report to the authority was recorded."),
        _of_security,
        _CORRECT,
    ),
}
"""By the last part of their address."""
