"""Files that come with what is said about incidents and complaints."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Form, Router
from ninja.files import UploadedFile

from baken.record.complaints import flows as complaint_flows
from baken.record.complaints import reads as complaints
from baken.record.complaints.models import Remark as RemarkRow
from baken.record.incidents import flows as incident_flows
from baken.record.incidents import reads as incidents
from baken.record.incidents.models import Message as MessageRow
from baken.record.orgs.models import File as FileRow
from baken.record.orgs.models import Organisation
from baken.record.people.access import Caller, Permission
from baken.show.api.access import ApiRequest, needs, number_in
from baken.show.api.complaints import Remark
from baken.show.api.incidents import Message
from baken.show.api.schemas import Number, Sending
from baken.show.files import all_arrived, download

READ, REPORT, FILE = Permission.READ_INCIDENTS, Permission.REPORT_INCIDENTS, Permission.FILE_COMPLAINTS
router = Router(tags=["Attachments"])


def _with_a_message(request: HttpRequest, caller: Caller) -> tuple[Organisation, str]:
    return incidents.files_go_to(caller, number_in(request)), FileRow.Kind.ATTACHMENT


@router.post(
    "/incidents/{number}/attachments",
    response={201: Message},
    **needs("Send files about an incident", REPORT, READ, answers=(409,), receives=_with_a_message),
)
def send(request: ApiRequest, number: Number, file: File[list[UploadedFile]], data: Form[Sending]) -> Any:
    """A message with up to ten files, as multipart/form-data: a customer's answer, the desk's reply or internal note.

    Give `file` once for each. All of them are kept and the message is said, or nothing. What the message does is what
    an answer or a reply does. The desk needs `incidents:work`. At most 25 MB each, if nothing else was set, and 100
    files an hour for each person or token; programs and scripts are refused.
    """
    caller, sent = request.auth, all_arrived(file)
    if not caller.staff:
        incident_flows.answer(caller, number, body=data.body, files=sent)
    elif data.visible:
        incident_flows.reply(caller, number, body=data.body, files=sent)
    else:
        incident_flows.note(caller, number, body=data.body, files=sent)
    said: MessageRow = incidents.conversation(caller, incidents.incident(caller, number)).get(attachments__file=sent[0])
    return said


@router.get("/incidents/{number}/attachments/{id}", **needs("Download a file about an incident", READ))
def fetch(request: ApiRequest, number: Number, id: UUID) -> HttpResponse:
    """A file that came with a message, whose `attachments` say the id: all of it, or the one range that is asked for.

    Its ETag is its SHA-256. It is checked while it is read: when it turns out damaged half-way, the connection breaks
    off.
    """
    return download(request, incidents.attachment(request.auth, number, id))


def _with_a_remark(request: HttpRequest, caller: Caller) -> tuple[Organisation, str]:
    return complaints.files_go_to(caller, number_in(request)), FileRow.Kind.ATTACHMENT


@router.post(
    "/complaints/{number}/attachments",
    response={201: Remark},
    **needs("Send files about a complaint", FILE, answers=(409,), receives=_with_a_remark),
)
def send_remark(request: ApiRequest, number: Number, file: File[list[UploadedFile]], data: Form[Sending]) -> Any:
    """A remark with up to ten files, as multipart/form-data: the customer's, or the manager's to the customer or not.

    Give `file` once for each. All of them are kept and the remark is made, or nothing. The limits are those of files
    about incidents.
    """
    caller, sent = request.auth, all_arrived(file)
    if caller.may(Permission.HANDLE_COMPLAINTS):
        complaint_flows.remark(caller, number, body=data.body, visible_to_customer=data.visible, files=sent)
    else:
        complaint_flows.answer(caller, number, body=data.body, files=sent)
    said: RemarkRow = complaints.conversation(caller, complaints.complaint(caller, number)).get(
        attachments__file=sent[0]
    )
    return said


@router.get("/complaints/{number}/attachments/{id}", **needs("Download a file about a complaint", FILE))
def fetch_remark(request: ApiRequest, number: Number, id: UUID) -> HttpResponse:
    """A file that came with a remark, whose `attachments` say the id: all of it, or the one range that is asked for."""
    return download(request, complaints.attachment(request.auth, number, id))
