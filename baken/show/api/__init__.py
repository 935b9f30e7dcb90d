"""The API: the same flows and reads as the pages, described by OpenAPI 3.1."""
