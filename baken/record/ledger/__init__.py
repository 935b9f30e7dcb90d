"""The ledger: what happened, in order, never changed. The only history there is."""
