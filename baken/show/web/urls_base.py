"""Addresses of signing in, the account, the catalogue and the administration."""

from django.urls import path

from baken.show.web.pages import (
    account,
    agreements,
    customers,
    health,
    locations,
    maintenance,
    monitors,
    people,
    search,
    services,
    session,
    setup,
)

urlpatterns = [
    path("", session.home, name="home"),
    path("setup/", setup.setup, name="setup"),
    path("sign-in/", session.sign_in, name="sign-in"),
    path("sign-out/", session.sign_out, name="sign-out"),
    path("appearance/", session.appearance, name="appearance"),
    path("search/", search.search, name="search"),
    path("account/", account.account, name="account"),
    path("account/password/", account.password, name="account-password"),
    path("account/keyboard/", account.keyboard, name="account-keyboard"),
    path("account/sessions/<uuid:sign_in_id>/ending/", account.session_ending, name="session-ending"),
    path("services/", services.services, name="services"),
    path("services/new/", services.service_new, name="service-new"),
    path("services/<slug:code>/", services.service, name="service"),
    path("services/<slug:code>/description/", services.service_description, name="service-description"),
    path("services/<slug:code>/customers/", services.subscription_new, name="subscription-new"),
    path(
        "services/<slug:code>/customers/<slug:customer>/agreement/",
        agreements.customer_agreement_new,
        name="customer-agreement-new",
    ),
    path("subscriptions/<uuid:subscription_id>/ending/", customers.subscription_ending, name="subscription-ending"),
    path("agreements/<uuid:agreement_id>/", agreements.agreement, name="agreement"),
    path(
        "agreements/<uuid:agreement_id>/versions/new/", agreements.agreement_version_new, name="agreement-version-new"
    ),
    path(
        "agreements/<uuid:agreement_id>/versions/<int:number>/", agreements.agreement_version, name="agreement-version"
    ),
    path("maintenance/", maintenance.maintenance, name="maintenance"),
    path("maintenance/new/", maintenance.maintenance_new, name="maintenance-new"),
    path(
        "maintenance/<uuid:maintenance_id>/cancellation/",
        maintenance.maintenance_cancellation,
        name="maintenance-cancellation",
    ),
    path("monitors/", monitors.monitors, name="monitors"),
    path("monitors/new/", monitors.monitor_new, name="monitor-new"),
    path("monitors/<uuid:monitor_id>/", monitors.monitor, name="monitor"),
    path("monitors/<uuid:monitor_id>/ending/", monitors.monitor_ending, name="monitor-ending"),
    path("locations/", locations.locations, name="locations"),
    path("locations/new/", locations.location_new, name="location-new"),
    path("locations/<slug:code>/key/", locations.location_key, name="location-key"),
    path("locations/<slug:code>/revocation/", locations.location_revocation, name="location-revocation"),
    path("customers/", customers.customers, name="customers"),
    path("customers/new/", customers.customer_new, name="customer-new"),
    path("customers/<slug:code>/", customers.customer, name="customer"),
    path("customers/<slug:code>/name/", customers.customer_name, name="customer-name"),
    path("customers/<slug:code>/services/", customers.use_new, name="use-new"),
    path("provider/name/", customers.provider_name, name="provider-name"),
    path("people/", people.people, name="people"),
    path("people/new/", people.person_new, name="person-new"),
    path("people/<uuid:person_id>/", people.person, name="person"),
    path("people/<uuid:person_id>/password/", people.person_password, name="person-password"),
    path("people/<uuid:person_id>/admission/", people.person_admission, name="person-admission"),
    path("tokens/", people.tokens, name="tokens"),
    path("tokens/new/", people.token_new, name="token-new"),
    path("tokens/<uuid:token_id>/revocation/", people.token_revocation, name="token-revocation"),
    path("health/", health.health, name="health"),
]
