// A policy in JavaScript: calls leave only for hosts below the suffixes of the settings.

const CODE = "host-not-allowed";

function finding(message, path, remediation) {
  return { code: CODE, severity: "deny", message, path, remediation, docs: undefined, evidence: [] };
}

function suffixes(settings) {
  const { allow } = JSON.parse(settings || "{}");
  if (!Array.isArray(allow)) {
    throw new Error("`allow` is a list of suffixes such as `.acme.dev`");
  }
  return allow;
}

export const meta = {
  describe() {
    return {
      id: "javascript-guest",
      version: "1.0.0",
      title: "Only hosts below some suffixes",
      docs: undefined,
      needs: [],
      verbs: ["add"],
      settingsSchema: undefined,
      rules: [{ code: CODE, title: "The host is below no suffix that is allowed", docs: undefined }],
    };
  },

  checkSettings(settings) {
    try {
      suffixes(settings);
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
      // Thrown values are the error of the answer.
      throw { tag: "settings", val: problems };
    }
    const allowed = suffixes(request.settings);
    const rulings = request.destinations.map(({ host }, destination) => {
      const allow = allowed.some((suffix) => host.endsWith(suffix));
      const path = `destinations[${destination}].host`;
      const findings = allow ? [] : [finding(`${host} is below no suffix that is allowed`, path, "ask in #egress")];
      return { destination, decision: { tag: allow ? "allow" : "deny" }, routes: [], layouts: [], findings };
    });
    return { rulings, findings: [], trace: [] };
  },
};
