"""Returns as a feed: what channels tell of goods that come back, kept beside their orders."""

from __future__ import annotations

from oms_connector import PullsReturns

from oms_web.core.marking import N_
from oms_web.flows import return_told
from oms_web.sync import feeds
from oms_web.sync.pull_told import Told

RETURNS = Told(
    feeds.RETURNS, "return", PullsReturns,
    lambda connector, cursor, limit: connector.pull_returns(cursor, limit), return_told.take,
    N_("The return has a value that makes no sense: %(why)s"))
