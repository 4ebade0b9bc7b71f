"""The system libraries that draw text into PDF, and the Debian packages that bring them.

Standard library only: the set-up of a bare machine reads this before anything is installed.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Mapping

# Name on Linux -> Debian package. WeasyPrint opens these when it is imported.
LIBRARIES = {
    "libgobject-2.0.so.0": "libpango-1.0-0",
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz.so.0": "libpangoft2-1.0-0",
    "libfontconfig.so.1": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}

# Without this one PDFs are a little larger; without any of the others there are none.
OPTIONAL = "libharfbuzz-subset.so.0"
NEEDED = {name: package for name, package in LIBRARIES.items() if name != OPTIONAL}


def missing_packages(libraries: Mapping[str, str] = LIBRARIES) -> list[str]:
    """The packages behind those libraries that cannot be opened, each once."""
    return list(dict.fromkeys(
        package for library, package in libraries.items() if not _opens(library)
    ))


def _opens(library: str) -> bool:
    plain = library.removeprefix("lib").partition(".so")[0]
    for name in (library, ctypes.util.find_library(plain)):
        try:
            if name:
                ctypes.CDLL(name)
                return True
        except OSError:
            continue
    return False
