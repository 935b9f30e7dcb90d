"""Addresses of the pages, by the people who look at them."""

from django.urls import include, path

urlpatterns = [
    path("", include("baken.show.web.urls_base")),
    path("", include("baken.show.web.urls_desk")),
    path("", include("baken.show.web.urls_kpi")),
    path("", include("baken.show.web.urls_privacy")),
    path("", include("baken.show.web.urls_security")),
]
