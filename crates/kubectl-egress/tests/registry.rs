//! Modules from registries: the program against Debian's own `docker-registry`, and against servers that are up to no
//! good.
//!
//! Without that package on a machine those tests are skipped; with `CI=true` they fail.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]
#![expect(clippy::print_stdout, reason = "a test that cannot run says why")]

#[path = "registry/debian.rs"]
mod debian;
#[path = "registry/fake_registry.rs"]
mod fake_registry;
#[path = "registry/fetching.rs"]
mod fetching;
#[path = "policies/guest.rs"]
mod guest;
#[path = "registry/hostile.rs"]
mod hostile;
#[path = "registry/looking_up.rs"]
mod looking_up;
#[path = "policies/place.rs"]
mod place;
#[path = "registry/thieves.rs"]
mod thieves;
#[path = "registry/tls.rs"]
mod tls;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = debian::obtain().err();
    if let Some(reason) = &missing {
        println!("SKIPPED, there is no docker-registry: {reason}");
    }
    let strict = std::env::var("CI").is_ok_and(|value| value == "true");
    let on_debian = fetching::TESTS.iter().chain(looking_up::TESTS).map(|(name, test)| {
        let reason = missing.clone();
        let trial = Trial::test(*name, move || {
            if let Some(reason) = reason {
                return Err(format!("there is no docker-registry: {reason}").into());
            }
            test();
            Ok(())
        });
        trial.with_ignored_flag(missing.is_some() && !strict)
    });
    let anywhere = hostile::TESTS.iter().chain(thieves::TESTS).chain(tls::TESTS).map(|(name, test)| {
        Trial::test(*name, || {
            test();
            Ok(())
        })
    });
    let trials = on_debian.chain(anywhere).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
