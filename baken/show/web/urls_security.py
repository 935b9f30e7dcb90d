"""Addresses of what watches for break-ins: alerts, their sources, honey tokens."""

from django.urls import path

from baken.show.web.pages import alerts

urlpatterns = [
    path("alerts/", alerts.alerts, name="alerts"),
    path("alert-sources/", alerts.alert_sources, name="alert-sources"),
    path("alert-sources/new/", alerts.alert_source_new, name="alert-source-new"),
    path("alert-sources/<slug:code>/", alerts.alert_source, name="alert-source"),
    path("honey-tokens/", alerts.honey_tokens, name="honey-tokens"),
    path("honey-tokens/new/", alerts.honey_new, name="honey-new"),
    path("honey-tokens/<uuid:honey_id>/removal/", alerts.honey_removal, name="honey-removal"),
    path("shared/<slug:secret>/", alerts.shared, name="shared"),
]
