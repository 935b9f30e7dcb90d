"""Every address: the pages and the API."""

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("baken.show.api.urls")),
    path("", include("baken.show.web.urls")),
]

handler400 = "baken.show.web.errors.bad_request"
handler403 = "baken.show.web.errors.forbidden"
handler404 = "baken.show.web.errors.not_found"
handler500 = "baken.show.web.errors.failed"
