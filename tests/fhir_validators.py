"""Two validators of FHIR R4 resources: PyPI `fhir.resources` (R4B), and npm `fhir` (4.0.0), which decides.

R4B differs from R4 in a few resources of medicines, evidence and devices' definitions; of what we emit, in none: the
elements of RiskAssessment, Device, Composition, MeasureReport, DetectedIssue, Parameters, Bundle, OperationOutcome and
CapabilityStatement that we use are the same in both.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from fhir.resources.R4B import get_fhir_model_class

from tests.conftest import PROJECT, absent

# DEQM asks for these codes, which are younger than the lists of codes that R4 prefers
YOUNGER = {
    'Code "96315-7" (http://loinc.org) not found in value set',
    'Code "CAREGAP" (http://terminology.hl7.org/CodeSystem/v3-ActCode) not found in value set',
}
NODE = PROJECT / "tests" / "node"


def check_by_python(resource: dict[str, Any]) -> None:
    """Raises a ValidationError where fhir.resources finds a fault."""
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def faults_by_node(resources: Sequence[dict[str, Any]]) -> list[list[dict[str, str]]]:
    """What npm `fhir` says of each resource: errors and warnings."""
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules" / "fhir").is_dir():
        absent("node", "no node on the path, or no tests/node/node_modules: run `npm ci` there, as `make test` does")
    lines = "\n".join(json.dumps(each) for each in resources)
    done = subprocess.run(
        [node, "validate.js"], cwd=NODE, input=lines, capture_output=True, text=True, check=True, timeout=120
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [[fault for fault in faults if fault["message"] not in YOUNGER] for faults in found]
