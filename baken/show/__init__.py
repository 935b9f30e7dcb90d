"""Shows: the web pages and the API. Neither imports the other."""
