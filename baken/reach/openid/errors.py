"""What can go wrong with an identity provider."""

from enum import StrEnum


class Problem(StrEnum):
    """What is wrong, as a code; whoever shows it has the words."""

    ADDRESS = "address"  # not https, or no address at all
    PRIVATE = "private"  # an address that is not public
    UNREACHABLE = "unreachable"  # no answer, or one that takes too long
    ANSWER = "answer"  # an answer that OpenID Connect does not know: a redirect, too much, no JSON
    OTHER_ISSUER = "other_issuer"  # it speaks for another issuer than the one asked
    REFUSED = "refused"  # it does not take the code, or our client id and secret
    WEAK_KEY = "weak_key"  # it signs with a key that is too short for a strict installation
    TOKEN = "token"  # noqa: S105  an ID token that cannot be trusted


class OpenIdError(Exception):
    """Signing in at an identity provider does not work. `problem` says why; the text is for the log."""

    def __init__(self, problem: Problem, detail: str) -> None:
        super().__init__(f"{problem}: {detail}")
        self.problem = problem
