"""Findings as SARIF 2.1.0, which code hosts show beside the code."""

import json
from collections.abc import Iterable
from importlib.metadata import version

from tenancy.checks import Finding, catalogue

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"failure": "error", "warning": "warning", "note": "note", "not proven": "none"}


def _result(finding: Finding) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": finding.check,
        "level": _LEVELS[finding.level],
        # an open result is one that could not be decided, which is not a pass
        "kind": "open" if finding.level == "not proven" else "fail",
        "message": {"text": f"{finding.object}: {finding.detail}. {finding.remedy}".strip()},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": f"sql/checks/{finding.check}.sql"},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [{"fullyQualifiedName": finding.object, "kind": "member"}],
            }
        ],
        "partialFingerprints": {"object/v1": f"{finding.check} {finding.object}"},
    }
    if finding.waived:
        result["suppressions"] = [{"kind": "external", "justification": finding.waived}]
    return result


def render(findings: Iterable[Finding]) -> str:
    """Return one run as a SARIF log."""
    findings = list(findings)
    known = {check.name: check for check in catalogue()}
    rules = []
    for name in sorted({*known, *(f.check for f in findings)}):
        about = known[name].about if name in known else name
        remedy = known[name].remedy if name in known else ""
        rules.append(
            {"id": name, "shortDescription": {"text": about}, "help": {"text": remedy or about}}
        )
    driver = {"name": "tenancy check", "version": version("engageos-tenancy"), "rules": rules}
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": [_result(f) for f in findings]}],
    }
    return json.dumps(log, indent=2)
