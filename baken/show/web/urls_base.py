"""Addresses of signing in, the account, the catalogue and the administration."""

from django.urls import path

from baken.show.web.pages import account, search, session

urlpatterns = [
    path("", session.home, name="home"),
    path("sign-in/", session.sign_in, name="sign-in"),
    path("sign-out/", session.sign_out, name="sign-out"),
    path("appearance/", session.appearance, name="appearance"),
    path("search/", search.search, name="search"),
    path("account/", account.account, name="account"),
    path("account/password/", account.password, name="account-password"),
    path("account/keyboard/", account.keyboard, name="account-keyboard"),
    path("account/sessions/<uuid:sign_in_id>/ending/", account.session_ending, name="session-ending"),
]
