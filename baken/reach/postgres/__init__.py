"""An embedded PostgreSQL: a private cluster in Baken's home, without packages, containers or root."""

from baken.reach.postgres.binaries import find_binaries
from baken.reach.postgres.cluster import Cluster
from baken.reach.postgres.errors import ClusterError, DoesNotStart, NoBinaries
from baken.reach.postgres.postmaster import Status

__all__ = ["Cluster", "ClusterError", "DoesNotStart", "NoBinaries", "Status", "find_binaries"]
