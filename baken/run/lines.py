"""Lines of the logs."""

import logging
import time


class Line(logging.Formatter):
    """When, how grave, who and what on a line; in UTC, so that logs of several machines can be laid side by side.

    What goes on below, such as where something failed, is indented: only a record begins a line.
    """

    converter = staticmethod(time.gmtime)
    default_msec_format = "%s.%03dZ"
    default_time_format = "%Y-%m-%dT%H:%M:%S"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\n", "\n  ")
