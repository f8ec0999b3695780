//! Which files a new project has, in each language: `tests/policy/init/LANGUAGE` lists them.

use snapbox::assert::DEFAULT_ACTION_ENV;
use snapbox::{Assert, Data};

use super::{LANGUAGES, project, repository};

#[test]
fn a_new_project_has_the_files_that_are_listed() -> anyhow::Result<()> {
    for language in LANGUAGES {
        let listing: String =
            project(language)?.into_keys().flat_map(|place| [place, "\n".to_owned()]).collect();
        let expected = Data::read_from(&repository().join("tests/policy/init").join(language), None);
        Assert::new().action_env(DEFAULT_ACTION_ENV).eq(Data::text(listing), expected);
    }
    Ok(())
}
