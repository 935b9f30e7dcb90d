"""How somebody has shown at a provider who they are: the claim `amr`, with the values of RFC 8176."""

KINDS: tuple[frozenset[str], ...] = (
    frozenset({"pwd", "pin", "kba"}),
    frozenset({"otp", "hwk", "swk", "pop", "sc", "sms", "tel"}),
    frozenset({"face", "fpt", "iris", "retina", "vbm"}),
)
"""What somebody knows, what they have, what they are."""


def several_factors(amr: object) -> bool:
    """Whether `amr` says so: by `mfa`, or by methods of two kinds. Two of one kind are one factor; so is no list."""
    said = {one for one in amr if isinstance(one, str)} if isinstance(amr, list) else set()
    return "mfa" in said or sum(bool(said & kind) for kind in KINDS) > 1
