"""The desk's addresses: incidents, complaints, the state of the services."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
