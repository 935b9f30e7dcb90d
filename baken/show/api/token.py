"""The token itself: whose it is, and what it may."""

from uuid import UUID

from ninja import Router, Schema
from pydantic import Field

from baken.record.people.access import Permission, Role
from baken.show.api.access import ApiRequest, needs

router = Router(tags=["Token"])


class Token(Schema):
    """Who asks. `user` is null for a machine."""

    actor: str = Field(
        description="as facts on the ledger name it", examples=["token:018f3b5e-7c1a-7cc2-9f3e-2b7d5a1c9e40"]
    )
    organisation: UUID | None
    user: UUID | None
    roles: list[Role]
    permissions: list[str] = Field(examples=[["incidents:read"]])


@router.get("/token", response=Token, **needs("Who am I?"))
def token(request: ApiRequest) -> Token:
    """Whose token this is, and what it may: a way to try it out."""
    caller = request.auth
    return Token(
        actor=caller.actor,
        organisation=caller.organisation,
        user=caller.user,
        roles=sorted(caller.roles),
        permissions=[permission.value for permission in Permission if caller.may(permission)],
    )
