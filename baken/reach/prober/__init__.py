"""The prober: checks web services from one location and tells the hub, signed, in order and once."""
