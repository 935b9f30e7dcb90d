"""Reports: the fourteen KPIs of a service and a period, and the ones that were sealed."""
