"""``python -m oms_web.cli`` is ``oms``."""

from oms_web.cli import main

main()
