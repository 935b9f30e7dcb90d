"""One module per part of the pages. A view reads the input, calls one flow or read, and renders."""
