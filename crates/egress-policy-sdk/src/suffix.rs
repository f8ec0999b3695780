//! Public suffixes: names under which strangers own the names below, so that a wildcard there is a wildcard over
//! strangers.
//!
//! The public suffix list has about 10,000 rules, which is several times what a module may weigh. Here are those that
//! egress meets: every single label (`com`, `de`), the usual second levels under country codes (`co.uk`, `com.au`; taken
//! for suffixes under every country), and the shared domains of large clouds and hosts below. Rarer ones go into a
//! policy's settings. The list leans to too many rather than too few: who is refused wrongly can say so.

/// Second levels that countries hand out below.
const SECOND_LEVELS: &[&str] = &[
    "ac", "co", "com", "ed", "edu", "gob", "gov", "go", "gv", "id", "info", "ltd", "me", "mil", "ne", "net",
    "nom", "or", "org", "plc", "re", "sch",
];

/// Domains whose next label belongs to a customer.
const SHARED: &[&str] = &[
    "a.run.app",
    "appspot.com",
    "azureedge.net",
    "azurefd.net",
    "azurestaticapps.net",
    "azurewebsites.net",
    "blob.core.windows.net",
    "blogspot.com",
    "cloudapp.net",
    "cloudfront.net",
    "cloudfunctions.net",
    "firebaseapp.com",
    "fly.dev",
    "github.io",
    "githubusercontent.com",
    "gitlab.io",
    "herokuapp.com",
    "myshopify.com",
    "netlify.app",
    "ngrok-free.app",
    "ngrok.io",
    "ondigitalocean.app",
    "onrender.com",
    "pages.dev",
    "r2.dev",
    "repl.co",
    "s3.amazonaws.com",
    "surge.sh",
    "trafficmanager.net",
    "vercel.app",
    "web.app",
    "workers.dev",
];

/// Whether names below this one belong to strangers.
pub fn is_public(name: &str) -> bool {
    match name.split_once('.') {
        None => true,
        Some((second, country)) => {
            (country.len() == 2 && !country.contains('.') && SECOND_LEVELS.contains(&second))
                || SHARED.binary_search(&name).is_ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The suffix as the whole list has it.
    fn listed(name: &str) -> bool {
        psl::suffix(name.as_bytes())
            .is_some_and(|suffix| suffix.as_bytes() == name.as_bytes() && suffix.is_known())
    }

    #[test]
    fn shared_domains_are_sorted_and_on_the_list_of_all() {
        assert!(SHARED.is_sorted());
        let unknown: alloc::vec::Vec<_> = SHARED.iter().filter(|name| !listed(name)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn what_the_list_of_all_says_of_countries_is_said_here() {
        for name in ["com", "de", "co.uk", "com.au", "co.kr", "or.jp", "com.br", "org.za", "gov.in", "ac.nz"]
        {
            assert!(is_public(name) && listed(name), "{name}");
        }
    }

    #[test]
    fn names_that_somebody_owns_are_not_public() {
        for name in ["example.com", "acme.co.uk", "acme.github.io", "amazonaws.com", "api.example.com"] {
            assert!(!is_public(name) && !listed(name), "{name}");
        }
    }
}
