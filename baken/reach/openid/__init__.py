"""OpenID Connect as a client: discovery, the authorization code with PKCE, the token, and what it says.

Who somebody is at an identity provider, checked; which person of ours that is, `record/people/openid.py` decides.
"""

from baken.reach.openid.client import Client, Person, Registration
from baken.reach.openid.errors import OpenIdError, Problem

__all__ = ["Client", "OpenIdError", "Person", "Problem", "Registration"]
