"""Calls leave only for hosts that are allowed."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.hosts import Decision_Allow, Decision_Deny, Ruling, Verdict
from wit_world.exports.meta import Descriptor, Rule
from wit_world.imports.types import Failure_Settings, Finding, Severity

CODE = "host-not-allowed"

# What is written under `settings` in egress-policy.yaml. `api.example.com` is that host; `*.example.com` is everything
# below it, and not itself.
SETTINGS_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"allow": {"type": "array", "items": {"type": "string"}}},
    "required": ["allow"],
    "additionalProperties": False,
}


def finding(message, path, remediation=None):
    return Finding(CODE, Severity.DENY, message, path, remediation, None, [])


def allowed_hosts(settings):
    allow = json.loads(settings or "{}").get("allow")
    if not isinstance(allow, list) or not all(isinstance(host, str) for host in allow):
        raise ValueError("`allow` is a list of hosts such as `api.example.com` or `*.example.com`")
    return allow


def matches(allowed, host):
    return host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed


class Meta(exports.Meta):
    def describe(self):
        title = "Calls leave only for hosts that are allowed"
        rules = [Rule(CODE, "The host is not on the list", None)]
        return Descriptor("{name}", "0.1.0", title, None, [], ["add"], json.dumps(SETTINGS_SCHEMA), rules)

    def check_settings(self, settings):
        try:
            allowed_hosts(settings)
            return []
        except ValueError as error:
            return [finding(str(error), "settings.allow")]


class Hosts(exports.Hosts):
    def decide(self, req):
        problems = Meta().check_settings(req.settings)
        if problems:
            # What is raised is the error of the answer: the policy decides nothing.
            raise Err(Failure_Settings(problems))
        allow = allowed_hosts(req.settings)
        rulings = []
        for index, destination in enumerate(req.destinations):
            host = destination.host
            if any(matches(allowed, host) for allowed in allow):
                rulings.append(Ruling(index, Decision_Allow(), [], [], []))
            else:
                message = f"{host} is not on the list of allowed hosts"
                found = finding(message, f"destinations[{index}].host", "ask the owners of the list to add it")
                rulings.append(Ruling(index, Decision_Deny(), [], [], [found]))
        return Verdict(rulings, [], [])
