"""The service catalogue: services, agreements and their versions, customers of a service, maintenance."""
