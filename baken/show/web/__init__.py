"""The web pages: server-rendered, better with htmx, complete without."""
