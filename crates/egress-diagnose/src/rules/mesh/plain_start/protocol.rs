//! Protocols whose connections begin in plaintext, and how a port shows that it is one of theirs.
//!
//! Knows numbers and names. What a client really begins with is not known here.

use egress_istio::service_entry::ServiceEntryPorts;

/// Whether the protocol of this port begins in plaintext.
pub(in crate::rules) fn begins_in_plaintext(port: u16) -> bool {
    ALL.iter().any(|known| known.ports.contains(&i64::from(port)))
}

/// The protocol of a port that begins in plaintext, and whether the port's number says so: else its name, or on an unusual
/// port that of the host.
pub(super) fn plain_start(port: &ServiceEntryPorts, hosts: &[String]) -> Option<(PlainStart, bool)> {
    let is = |known: &&PlainStart| known.ports.contains(&port.number);
    if let Some(known) = ALL.iter().find(is) {
        return Some((*known, true));
    }
    let says = |name: &str, known: &PlainStart| {
        name.split(|letter: char| !letter.is_ascii_alphanumeric())
            .any(|word| known.words.contains(&word.to_ascii_lowercase().as_str()))
    };
    if TLS_AT_ONCE.contains(&port.number) {
        return None;
    }
    let by_name = ALL.iter().find(|known| says(&port.name, known));
    let by_host =
        || ALL.iter().find(|known| !known.server_first && hosts.iter().any(|host| says(host, known)));
    by_name.or_else(by_host).map(|known| (*known, false))
}

pub(super) fn is_tls(port: &ServiceEntryPorts) -> bool {
    let protocol = port.protocol.as_deref().unwrap_or_default();
    ["TLS", "HTTPS"].iter().any(|tls| protocol.eq_ignore_ascii_case(tls))
}

/// A protocol that begins in plaintext.
#[derive(Clone, Copy)]
pub(super) struct PlainStart {
    pub(super) name: &'static str,
    ports: &'static [i64],
    /// Words in names of ports and hosts.
    words: &'static [&'static str],
    /// What its clients begin with.
    pub(super) begins: &'static str,
    pub(super) server_first: bool,
}

const SERVER: &str = "the server speaks first, and the client answers it in plaintext";
const ALL: [PlainStart; 8] = [
    PlainStart {
        name: "PostgreSQL",
        ports: &[5432, 6432],
        words: &["postgres", "postgresql", "pg", "pgsql", "pgbouncer"],
        begins: "clients begin with SSLRequest in plaintext; only with `sslnegotiation=direct` (PostgreSQL 17) they begin with TLS",
        server_first: false,
    },
    PlainStart {
        name: "MySQL",
        ports: &[3306],
        words: &["mysql", "mariadb"],
        begins: SERVER,
        server_first: true,
    },
    PlainStart {
        name: "SQL Server",
        ports: &[1433],
        words: &["mssql", "sqlserver"],
        begins: "clients begin with TDS prelogin, with TLS inside; only with `Encrypt=strict` (TDS 8) they begin with TLS",
        server_first: false,
    },
    PlainStart { name: "SMTP", ports: &[25, 587], words: &["smtp"], begins: SERVER, server_first: true },
    PlainStart { name: "POP3", ports: &[110], words: &["pop3"], begins: SERVER, server_first: true },
    PlainStart { name: "IMAP", ports: &[143], words: &["imap"], begins: SERVER, server_first: true },
    PlainStart { name: "FTP", ports: &[21], words: &["ftp"], begins: SERVER, server_first: true },
    PlainStart {
        name: "LDAP",
        ports: &[389],
        words: &["ldap"],
        begins: "clients begin with an LDAP message in plaintext (StartTLS); TLS from the start has port 636",
        server_first: false,
    },
];
/// Ports on which TLS begins at once, whatever their names say: HTTPS, and those that IANA gives to SMTP, LDAP, FTP, IMAP and
/// POP3 over TLS.
const TLS_AT_ONCE: [i64; 8] = [443, 465, 636, 989, 990, 993, 995, 8443];
