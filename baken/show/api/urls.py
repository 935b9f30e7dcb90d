"""Addresses of the API; what is not among them is answered by the API too."""

from django.urls import path, re_path

from baken.show.api.application import api
from baken.show.api.problems import problem

urlpatterns = [
    path("", api.urls),
    re_path(r"", lambda request: problem(404)),
]
