"""Whether bytes are an FA(3), by the Ministry's own schema, out of the package that brings it."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from lxml import etree

_PACKAGE, _FOLDER = "ksef_client", ("documents", "fa3", "schemas")
_MAIN = "schemat_FA(3)_v1-0E.xsd"
MOST_FAULTS = 5


class _Beside(etree.Resolver):
    """Answers what a schema includes from the files beside it; nothing is ever fetched."""

    def resolve(self, system_url: str, public_id: str, context: object) -> object:
        name = system_url.rsplit("/", 1)[-1]
        return self.resolve_string(_folder().joinpath(name).read_bytes(), context, base_url=name)


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    parser = safe_parser()
    parser.resolvers.add(_Beside())
    return etree.XMLSchema(etree.fromstring(_folder().joinpath(_MAIN).read_bytes(), parser,
                                            base_url=_MAIN))


def _folder() -> Path:
    """Where the package keeps its schemas. It is not imported: that takes most of a second."""
    spec = find_spec(_PACKAGE)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0], *_FOLDER)


def safe_parser() -> etree.XMLParser:
    """A parser for what came from outside: no entities, no network, no huge trees."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False,
                           huge_tree=False)


def faults(xml: bytes) -> list[str]:
    """What is wrong with an FA(3), in the schema's words; empty when nothing is."""
    try:
        document = etree.fromstring(xml, safe_parser())
    except etree.XMLSyntaxError as error:
        return [str(error)]
    schema = _schema()
    if schema.validate(document):
        return []
    return [f"{entry.path}: {entry.message}" for entry in schema.error_log][:MOST_FAULTS]
