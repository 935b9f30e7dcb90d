"""Addresses of the service level: KPIs, reports, uptime, audits, drills, reviews."""

from django.urls import path

from baken.show.web.pages import audits, kpis, recovery, reports, uptime

urlpatterns = [
    path("kpis/", kpis.kpis, name="kpis"),
    path("kpis/<slug:code>/", kpis.kpi, name="kpi"),
    path("sealing/", reports.seal, name="seal"),
    path("sealing/classes/", reports.confirm_classes, name="seal-classes"),
    path("sealing/improvements/<slug:code>/", reports.improvement, name="improvement"),
    path("reports/", reports.reports, name="reports"),
    path("reports/<uuid:id>/", reports.report, name="report"),
    path("reports/<uuid:id>/file/", reports.report_file, name="report-file"),
    path("status/", uptime.status, name="status"),
    path("uptime/", uptime.outages, name="outages"),
    path("uptime/<slug:code>/", uptime.service, name="uptime"),
    path("audits/", audits.audits, name="audits"),
    path("audits/new/", audits.audit_new, name="audit-new"),
    path("audits/<int:number>/", audits.audit, name="audit"),
    path("audits/<int:number>/description/", audits.describe, name="audit-describe"),
    path("audits/<int:number>/auditor/", audits.invite, name="audit-invite"),
    path("audits/<int:number>/withdrawal/", audits.withdraw, name="audit-withdrawal"),
    path("audits/<int:number>/findings/", audits.finding_new, name="finding-new"),
    path("audits/<int:number>/report/", audits.report, name="audit-report"),
    path("audits/<int:number>/sign-off/", audits.sign_off, name="audit-sign-off"),
    path("findings/<uuid:id>/", audits.finding_edit, name="finding"),
    path("findings/<uuid:id>/removal/", audits.finding_removal, name="finding-removal"),
    path("findings/<uuid:id>/reopening/", audits.reopen_finding, name="finding-reopening"),
    path("findings/<uuid:id>/closure/", audits.close_finding, name="finding-close"),
    path("drills/", recovery.drills, name="drills"),
    path("drills/new/", recovery.drill_new, name="drill-new"),
    path("drills/<uuid:id>/retraction/", recovery.drill_retraction, name="drill-retraction"),
    path("reviews/", recovery.reviews, name="reviews"),
    path("reviews/new/", recovery.review_new, name="review-new"),
    path("reviews/<uuid:id>/retraction/", recovery.review_retraction, name="review-retraction"),
]
