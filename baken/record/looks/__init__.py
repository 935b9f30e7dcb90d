"""Looks: who of the provider read which customer's data, and when. Every one of them is a fact on the ledger."""
