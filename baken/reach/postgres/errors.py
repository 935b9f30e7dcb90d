"""What can go wrong with the embedded PostgreSQL. The message tells the remedy."""


class ClusterError(Exception):
    """The embedded PostgreSQL cannot do what was asked."""


class NoBinaries(ClusterError):
    """No PostgreSQL programs were found that can run this cluster."""


class DoesNotStart(ClusterError):
    """The server was started and ended; the message holds the end of its log."""
