"""Customers, which services they use, and who works at the desk."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from ninja import Query, Router, Schema
from pydantic import Field

from baken.record.catalogue import flows
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Subscription as SubscriptionRow
from baken.record.orgs.models import Organisation
from baken.record.people import reads as people
from baken.record.people.access import Permission
from baken.show.api.access import ApiRequest, needs
from baken.show.api.schemas import Code, Input, Instant, Line, Moment, Page, Paging, Person, Zone, page

READ, WRITE, WORK = Permission.READ_CATALOGUE, Permission.WRITE_CATALOGUE, Permission.WORK_INCIDENTS
router = Router(tags=["Customers"])


class Customer(Schema):
    """An organisation that uses services."""

    code: str = Field(examples=["acme"])
    name: str = Field(examples=["Acme"])
    zone: str = Field(examples=["Europe/Amsterdam"])
    language: str = Field(examples=["nl"])
    created_at: Moment


class NewCustomer(Input):
    """A new customer."""

    code: Code = Field(examples=["acme"])
    name: Line = Field(examples=["Acme"])
    zone: Zone = "Europe/Amsterdam"
    language: Literal["nl", "en"] = "nl"


class Subscription(Schema):
    """A customer uses a service, until `until`; null: still."""

    id: UUID
    service: str = Field(examples=["cloud"])
    since: Moment
    until: Moment | None = Field(examples=[None])

    @staticmethod
    def resolve_service(row: SubscriptionRow) -> str:
        """Its code."""
        return row.service.code


class NewSubscription(Input):
    """From when a customer uses a service."""

    service: Code
    since: Instant


@router.get("/customers", response=Page[Customer], **needs("List customers", WORK))
def listing(request: ApiRequest, paging: Query[Paging]) -> Mapping[str, Any]:
    """Every customer, in the order in which they came."""
    return page(people.customers(request.auth), paging)


@router.post("/customers", response={201: Customer}, **needs("Add a customer", Permission.WRITE_PEOPLE, answers=(409,)))
def add(request: ApiRequest, data: NewCustomer) -> Organisation:
    """A new customer; it uses no service yet."""
    return flows.add_organisation(request.auth, kind=Organisation.Kind.CUSTOMER, **data.model_dump())


@router.get("/customers/{code}", response=Customer, **needs("Read a customer", READ))
def read(request: ApiRequest, code: Code) -> Organisation:
    """One customer; for a customer's token its own organisation."""
    return people.customer(request.auth, code)


@router.get(
    "/customers/{code}/subscriptions", response=Page[Subscription], **needs("Read which services are used", WRITE)
)
def subscriptions(request: ApiRequest, code: Code, paging: Query[Paging]) -> Mapping[str, Any]:
    """Which services a customer uses or used, and when."""
    organisation = people.customer(request.auth, code)
    return page(catalogue.subscriptions(request.auth, organisation.id), paging)


@router.post(
    "/customers/{code}/subscriptions", response={201: Subscription}, **needs("Subscribe", WRITE, READ, answers=(409,))
)
def subscribe(request: ApiRequest, code: Code, data: NewSubscription) -> SubscriptionRow:
    """A customer starts to use a service."""
    return flows.subscribe(
        request.auth,
        service=catalogue.service(request.auth, data.service),
        organisation=people.customer(request.auth, code),
        since=data.since,
    )


@router.post("/subscriptions/{id}/ending", response={204: None}, **needs("End a subscription", WRITE))
def unsubscribe(request: ApiRequest, id: UUID) -> None:
    """The customer stops using the service now."""
    flows.unsubscribe(request.auth, id)


@router.get("/agents", response=Page[Person], **needs("List who works at the desk", WORK))
def agents(request: ApiRequest, paging: Query[Paging]) -> Mapping[str, Any]:
    """The people an incident can be assigned to."""
    return page(people.agents(), paging)
