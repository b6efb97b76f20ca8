"""Checks a bill of materials with the validator of CycloneDX, and that it refuses a damaged one. Usage: sbom_valid.py FILE"""

import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

text = open(sys.argv[1], encoding="utf-8").read()
validator = JsonStrictValidator(SchemaVersion.V1_6)
error = validator.validate_str(text)
if error:
    sys.exit(f"not valid CycloneDX 1.6: {error}")
damaged = json.loads(text)
damaged["components"][0]["type"] = "crate"
if not validator.validate_str(json.dumps(damaged)):
    sys.exit("the validator accepts what is no bill of materials")
print(f"valid CycloneDX 1.6: {len(json.loads(text)['components'])} components")
