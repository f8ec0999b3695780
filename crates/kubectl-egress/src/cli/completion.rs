//! `completion`: what was typed.

use clap::Args;
use clap_complete::Shell;

/// The line in the list of commands.
pub const ABOUT: &str = "Print a completion script for a shell";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Print a completion script for a shell.

The script completes the executable. For `kubectl egress`, kubectl (1.26 and later) runs an executable named \
kubectl_complete-egress on the PATH. Create it once, in a folder of your PATH:

  cat > kubectl_complete-egress <<'EOF'
  #!/bin/sh
  exec kubectl egress __complete \"$@\"
  EOF
  chmod +x kubectl_complete-egress";

const EXAMPLES: &str = "\
Examples:
  # bash, for this session
  source <(kubectl egress completion bash)

  # zsh, for every session
  kubectl egress completion zsh > \"${fpath[1]}/_kubectl-egress\"";

/// What was typed after `completion`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Completion {
    /// bash, elvish, fish, powershell or zsh
    #[arg(value_name = "SHELL", value_enum, ignore_case = true, hide_possible_values = true)]
    pub shell: Shell,
}
