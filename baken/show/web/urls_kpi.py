"""Addresses of the service level: KPIs, reports, audits, drills."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
