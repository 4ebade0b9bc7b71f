"""``python -m oms_print_agent``."""

from oms_print_agent.main import main

raise SystemExit(main())
