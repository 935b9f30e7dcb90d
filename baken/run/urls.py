"""Every address: the pages and the API."""

from django.urls import include, path

urlpatterns = [
    path("", include("baken.show.web.urls")),
]
