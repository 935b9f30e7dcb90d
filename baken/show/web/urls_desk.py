"""The desk's addresses: incidents, their clocks, complaints."""

from django.urls import path

from baken.show.web.desk.actions import ACTIONS
from baken.show.web.pages import clocks, complaints, incidents, queue

urlpatterns = [
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/changes/", queue.changes, name="incidents-changes"),
    path("incidents/new/", incidents.incident_new, name="incident-new"),
    path("incidents/<int:number>/", incidents.incident, name="incident"),
    path("incidents/<int:number>/presence/", incidents.incident_presence, name="incident-presence"),
    path("incidents/<int:number>/drafts/<slug:kind>/", incidents.draft, name="incident-draft"),
    path("incidents/<int:number>/clocks/<slug:name>/", clocks.clock, name="clock"),
    path("incidents/<int:number>/attachments/<uuid:id>/", incidents.attachment, name="incident-attachment"),
    *[path(f"incidents/<int:number>/{name}/", incidents.acting(name), name=f"incident-{name}") for name in ACTIONS],
    path("complaints/", complaints.complaints, name="complaints"),
    path("complaints/new/", complaints.complaint_new, name="complaint-new"),
    path("complaints/<int:number>/", complaints.complaint, name="complaint"),
    path("complaints/<int:number>/attachments/<uuid:id>/", complaints.attachment, name="complaint-attachment"),
    *[
        path(f"complaints/<int:number>/{name}/", complaints.acting(name), name=f"complaint-{name}")
        for name in complaints.ACTIONS
    ],
]
