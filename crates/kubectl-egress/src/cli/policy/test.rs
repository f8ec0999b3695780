//! `policy test`: what was typed.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// The line in the list of commands.
pub const ABOUT: &str = "Run the tests of a policy";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Run the tests of a policy.

A test is a request and the expected answer:

  policy: ../target/wasm32-wasip2/release/acme_hosts.wasm
  settings: {allow: [\"*.acme.internal\"]}
  fixtures: {nodes: fixtures/nodes.yaml}     # as `kubectl get nodes -o yaml` prints them
  cases:
    - name: an unknown host is denied, with the channel to ask in
      request: {namespace: payments, destinations: [{host: api.stripe.io, port: 443}], nodes: $nodes}
      expect:
        decision: deny                       # or a list, one for each destination
        findings: [{code: host-not-allowed, path: \"destinations[0].host\", remediation: /#egress/}]
        names: {mesh-leg: stripe}            # by role, or by HOST/ROLE
        pin: {matches: [infra-1, infra-2]}
        max-fuel: 200k

Only the written fields are compared; `findings` are compared as a whole. Text between slashes is a regular \
expression. If the policy is expected not to decide, write `fault`. Fields missing in a request have the defaults \
of `add`.

Each case runs twice, and with the nodes in other orders: the answers must be the same. A case uses the same fuel \
on every machine, so `max-fuel` tests speed independently of load.";

const EXAMPLES: &str = "\
Examples:
  # Every .yaml file in tests/
  kubectl egress policy test

  # In CI: every rule of the policy must be covered by some case
  kubectl egress policy test --require-coverage -o junit > report.xml

  # Write the policy's current answers, and review the difference
  kubectl egress policy test --update && git diff

  # What changes with a new version
  kubectl egress policy test --matrix old.wasm new.wasm

Exits with 1 if a case fails, or if two versions differ.";

/// What was typed after `policy test`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Test {
    /// Files, or directories with files that end in .yaml
    #[arg(value_name = "PATH", default_value = "tests", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Fail if no case covers a rule of the policy
    #[arg(long)]
    pub require_coverage: bool,

    /// Write the answers into the cases that failed
    #[arg(long, conflicts_with = "matrix")]
    pub update: bool,

    /// Show the cases that two modules answer differently, instead of checking expectations
    #[arg(long, num_args = 2, value_names = ["OLD.wasm", "NEW.wasm"], value_hint = ValueHint::FilePath)]
    pub matrix: Vec<PathBuf>,

    /// Output format: json, junit, yaml or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,
}
