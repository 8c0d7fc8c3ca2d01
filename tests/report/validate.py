"""validate.py SCHEMA DOCUMENT…: every document against the schema, and the schema against its own."""
import json
import sys

import jsonschema

schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
faults = [f"{name}: {'/'.join(map(str, e.absolute_path))}: {e.message[:200]}"
          for name in sys.argv[2:] for e in validator.iter_errors(json.load(open(name)))]
print("\n".join(faults))
sys.exit(bool(faults))
