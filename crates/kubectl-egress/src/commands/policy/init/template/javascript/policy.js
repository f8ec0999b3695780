// Calls leave only for hosts that are allowed.

const CODE = "host-not-allowed";

// What is written under `settings` in egress-policy.yaml. `api.example.com` is that host; `*.example.com` is everything
// below it, and not itself.
const SETTINGS_SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties: { allow: { type: "array", items: { type: "string" } } },
  required: ["allow"],
  additionalProperties: false,
};

function finding(message, path, remediation) {
  return { code: CODE, severity: "deny", message, path, remediation, docs: undefined, evidence: [] };
}

function allowedHosts(settings) {
  const { allow } = JSON.parse(settings || "{}");
  if (!Array.isArray(allow) || allow.some((host) => typeof host !== "string")) {
    throw new Error("`allow` is a list of hosts such as `api.example.com` or `*.example.com`");
  }
  return allow;
}

function matches(allowed, host) {
  return allowed.startsWith("*.") ? host.endsWith(allowed.slice(1)) : host === allowed;
}

export const meta = {
  describe() {
    return {
      id: "{name}",
      version: "0.1.0",
      title: "Calls leave only for hosts that are allowed",
      docs: undefined,
      needs: [],
      verbs: ["add"],
      settingsSchema: JSON.stringify(SETTINGS_SCHEMA),
      rules: [{ code: CODE, title: "The host is not on the list", docs: undefined }],
    };
  },

  checkSettings(settings) {
    try {
      allowedHosts(settings);
      return [];
    } catch (error) {
      return [finding(error.message, "settings.allow", undefined)];
    }
  },
};

export const hosts = {
  decide(request) {
    const problems = meta.checkSettings(request.settings);
    if (problems.length > 0) {
      // What is thrown is the error of the answer: the policy decides nothing.
      throw { tag: "settings", val: problems };
    }
    const allow = allowedHosts(request.settings);
    const rulings = request.destinations.map(({ host }, destination) => {
      const ruling = { destination, decision: { tag: "allow" }, routes: [], layouts: [], findings: [] };
      if (!allow.some((allowed) => matches(allowed, host))) {
        ruling.decision = { tag: "deny" };
        const message = `${host} is not on the list of allowed hosts`;
        const path = `destinations[${destination}].host`;
        ruling.findings.push(finding(message, path, "ask the owners of the list to add it"));
      }
      return ruling;
    });
    return { rulings, findings: [], trace: [] };
  },
};
