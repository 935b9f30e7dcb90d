"""Following the ledger to its end, in tests that commit.

A follower waits for whoever writes anywhere in the same server, and so for the tests that run beside this one.
"""

from baken.record.clocks import flows, reads
from baken.run.supervisor import wait_until


def to_the_end() -> None:
    """Until every reading knows every fact."""

    def caught_up() -> bool:
        flows.catch_up()
        return not reads.behind()

    assert wait_until(caught_up, 60), "somebody kept a transaction open for a minute"
