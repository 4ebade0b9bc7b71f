"""Log lines of our processes: one event a line, UTC, on standard error."""

from __future__ import annotations

import logging
import time

# They tell of every ring of the clock and every request at INFO: only of use when looking closely.
_TALKATIVE = ("oms.http", "apscheduler", "httpx2", "httpcore2", "fontTools", "weasyprint",
              "alembic")


class _OneLine(logging.Formatter):
    """Text from outside may hold line breaks; it must not look like log lines of its own."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        message = super().formatMessage(self._told(record))
        message = message.replace("\r", "\\r").replace("\n", "\\n").replace("\x1b", "\\x1b")
        if record.exc_info:
            message += "\n" + self.formatException(record.exc_info)
        return message

    def _told(self, record: logging.LogRecord) -> logging.LogRecord:
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        return record


def start_logging(level: str) -> None:
    """Send log lines of ``level`` and above to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine("%(asctime)sZ %(levelname)s %(name)s: %(message)s",
                                  "%Y-%m-%dT%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    if level != "DEBUG":
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        # Warns of every request that waits for a thread, if only for a millisecond.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
