"""A policy in Python: calls leave only for hosts below the suffixes of the settings."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.hosts import Decision_Allow, Decision_Deny, Ruling, Verdict
from wit_world.exports.meta import Descriptor, Rule
from wit_world.imports.types import Failure_Settings, Finding, Severity

CODE = "host-not-allowed"


def finding(message, path, remediation=None):
    return Finding(CODE, Severity.DENY, message, path, remediation, None, [])


def suffixes(settings):
    allow = json.loads(settings or "{}").get("allow")
    if not isinstance(allow, list):
        raise ValueError("`allow` is a list of suffixes such as `.acme.dev`")
    return allow


class Meta(exports.Meta):
    def describe(self):
        rules = [Rule(CODE, "The host is below no suffix that is allowed", None)]
        return Descriptor("python-guest", "1.0.0", "Only hosts below some suffixes", None, [], ["add"], None, rules)

    def check_settings(self, settings):
        try:
            suffixes(settings)
            return []
        except ValueError as error:
            return [finding(str(error), "settings.allow")]


class Hosts(exports.Hosts):
    def decide(self, req):
        problems = Meta().check_settings(req.settings)
        if problems:
            raise Err(Failure_Settings(problems))
        allowed = tuple(suffixes(req.settings))
        rulings = []
        for index, destination in enumerate(req.destinations):
            if destination.host.endswith(allowed):
                rulings.append(Ruling(index, Decision_Allow(), [], [], []))
            else:
                message = f"{destination.host} is below no suffix that is allowed"
                found = finding(message, f"destinations[{index}].host", "ask in #egress")
                rulings.append(Ruling(index, Decision_Deny(), [], [], [found]))
        return Verdict(rulings, [], [])
