"""A stored file in answer to a page, or a page that says why there is none."""

from django.http import HttpResponse
from django.utils.translation import gettext

from baken.record.orgs import files, places
from baken.record.orgs.models import File
from baken.record.people.access import Conflict
from baken.show.files import download
from baken.show.web.middleware import PageRequest


def handed_out(request: PageRequest, file: File) -> HttpResponse:
    """The file, checked as it is read; it is saved, never shown, by the browser. Raises Conflict."""
    try:
        return download(request, file)
    except files.Damaged as damaged:
        raise Conflict(
            gettext("The stored file is not the one that was attached. Tell the administrator.")
        ) from damaged
    except places.StoreUnreachable as silence:
        raise Conflict(gettext("The store for files does not answer; try again in some minutes.")) from silence
