//! Why a command is not carried out, where a policy is the reason: the words, and the exit code.
//!
//! A denial is 4, a policy that could not decide is 9. They are never mixed.

use egress_policy::naming::Naming;
use egress_policy::pinning::NoFittingGateway;
use egress_policy::report::{Report, Status};

use crate::exit::{Code, Failure};

/// The refusal that a status stands for.
pub(super) fn of(status: Status, reports: &[Report]) -> Result<(), Failure> {
    let names = |status: Status| {
        let by = reports.iter().filter(|report| report.status() == status);
        let names: Vec<String> = by.map(|report| report.by.to_string()).collect();
        names.join(", ")
    };
    match status {
        Status::Allowed => Ok(()),
        Status::Denied => Err(Failure {
            code: Code::Denied,
            message: match names(status) {
                by if by.is_empty() => "denied: no policy allows it; nothing was written".to_owned(),
                by => format!("denied by policy {by}; nothing was written"),
            },
            hint: Some("`--explain` shows how each policy reached its answer".to_owned()),
        }),
        Status::Undecided => Err(Failure {
            code: Code::Undecided,
            message: format!(
                "policy {} could not decide, so the change is refused; nothing was written",
                names(status)
            ),
            hint: Some(
                "tell the policy's owner; `kubectl egress policy list` says where it comes from".to_owned(),
            ),
        }),
    }
}

/// No gateway runs where it must. Where that cannot be seen, nobody has denied anything, and it is refused all the same.
pub(super) fn of_nodes(none: &NoFittingGateway) -> Failure {
    let see = "see where they run: `kubectl get pods -A -l istio=egressgateway -o wide`";
    if none.status() == Status::Undecided {
        return Failure {
            code: Code::Undecided,
            message: "cannot see whether an egress gateway runs on the nodes that the policies require; nothing was \
                      written"
                .to_owned(),
            hint: Some(format!("ask for permission to list nodes, and pods in the gateway's namespace; {see}")),
        };
    }
    Failure {
        code: Code::Denied,
        message: "no egress gateway runs on the nodes that the policies require; nothing was written"
            .to_owned(),
        hint: Some(format!("move the gateway's pods, or ask the owner of the nodes; {see}")),
    }
}

/// The objects cannot be named.
pub(super) fn of_names(status: Status, naming: &Naming) -> Failure {
    let code = if status == Status::Denied { Code::Denied } else { Code::Undecided };
    let hint = "tell the policy's owner; `kubectl egress policy run` shows the question and the answer";
    Failure { code, message: egress_render::policy::naming(naming), hint: Some(hint.to_owned()) }
}
