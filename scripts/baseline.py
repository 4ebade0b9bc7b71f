"""Write the first migration anew from the models. After the first release history is fixed."""

import tempfile
from pathlib import Path

from alembic import command

from oms_web.core.db import make_engine
from oms_web.migrations import config
from oms_web.paths import MIGRATIONS

target = MIGRATIONS / "versions" / "0001_baseline.py"


def main() -> None:
    """Regenerate ``0001_baseline.py``; ``0002`` and later are kept aside meanwhile."""
    later = [f for f in (MIGRATIONS / "versions").glob("0*.py") if f != target]
    aside = [(f, f.with_suffix(".aside")) for f in later]
    for file, hidden in aside:
        file.rename(hidden)
    try:
        target.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            engine = make_engine(f"sqlite:///{Path(folder) / 'empty.sqlite3'}")
            command.revision(config(engine), "baseline", autogenerate=True, rev_id="0001")
    finally:
        for file, hidden in aside:
            hidden.rename(file)


if __name__ == "__main__":
    main()
