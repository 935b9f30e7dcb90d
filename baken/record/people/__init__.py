"""People: who signs in, in which role, for which organisation; and machines with their tokens."""
