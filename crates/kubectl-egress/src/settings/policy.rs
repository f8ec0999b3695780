//! What the commands of `policy` are to do.

pub mod add;
pub mod bench;
pub mod build;
pub mod check;
pub mod export;
pub mod file;
pub mod init;
pub mod inspect;
pub mod language;
pub mod list;
pub mod local_config;
pub mod lock;
pub mod record;
pub mod run;
pub mod test;
pub mod update;

use super::policies::PolicySettings;
use crate::cli::policies::Policies;
use crate::cli::policy::local_config::LocalConfig;
use crate::exit::Failure;

/// The folders of this user's policies and their cache.
fn of_user() -> Result<PolicySettings, Failure> {
    PolicySettings::resolve(Policies::default(), false)
}

/// The same for a command that runs modules, with the user's flags about trust.
fn trusting(typed: &LocalConfig) -> Result<PolicySettings, Failure> {
    let typed = Policies { trust_policies: typed.trust_policies.clone(), ..Policies::default() };
    PolicySettings::resolve(typed, false)
}
