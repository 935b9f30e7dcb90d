"""The API: every operation reads its input, calls one flow or read, and renders; the OpenAPI document says the rest."""
