"""How the service level is put into words and pictures. Nothing here counts or judges."""
