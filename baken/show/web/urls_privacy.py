"""Addresses of exports and erasures."""

from django.urls import path

from baken.show.web.pages import privacy

urlpatterns = [
    path("account/export/", privacy.account_export, name="account-export"),
    path("people/<uuid:person_id>/export/", privacy.person_export, name="person-export"),
    path("people/<uuid:person_id>/erasure/", privacy.person_erasure, name="person-erasure"),
    path("customers/<slug:code>/export/", privacy.customer_export, name="customer-export"),
    path("customers/<slug:code>/erasure/", privacy.customer_erasure, name="customer-erasure"),
    path("erasures/", privacy.erasures, name="erasures"),
    path("erasures/<int:number>/", privacy.erasure, name="erasure"),
]
