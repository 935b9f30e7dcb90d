"""How long a key has to be for 128 bits of strength (NIST SP 800-57 part 1, table 2)."""

RSA_BITS = 3_072
"""Of the modulus. Curves of 256 bits and more, the only ones that are known here, are strong enough."""
