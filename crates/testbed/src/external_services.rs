//! Services outside the mesh: a web origin, a TCP echo and a DNS server in one process.
//!
//! Everything that arrives is written down, so that a test can say where a request came from. It knows nothing
//! of Kubernetes, Istio or the bed: it is given addresses and files, and it listens until it is told to stop.

mod certificates;
mod dns;
mod listener;
mod origin;
pub mod record;
pub mod zone;

use std::{
    fs,
    io::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, task::JoinSet};

use self::{
    certificates::Authority, dns::NameServer, listener::Protocol, record::RecordFile, zone::ZoneFile,
};
use crate::termination;

/// What they listen on and where their files are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address of the origin.
    pub origin: IpAddr,
    /// Ports that answer HTTP in the clear.
    pub http: Vec<u16>,
    /// Ports that answer HTTP inside TLS.
    pub https: Vec<u16>,
    /// Ports that send back what they get.
    pub echo: Vec<u16>,
    /// Ports that greet before the client says anything, and then send back what they get.
    pub greeting: Vec<u16>,
    /// Where DNS is answered, over UDP and TCP.
    pub dns: SocketAddr,
    /// The zone file, see [`zone::Zone`]; it may change at run time.
    pub zone: PathBuf,
    /// Where everything that arrives is written, see [`record::RecordLine`].
    pub record: PathBuf,
    /// Where the certificate of their own authority is written (PEM).
    pub authority: PathBuf,
}

impl Config {
    /// Those of the test bed, with all their files in `directory`.
    pub fn in_directory(directory: &Path) -> Self {
        Self {
            origin: Ipv4Addr::new(198, 51, 100, 10).into(),
            http: vec![80, 8080],
            https: vec![443, 8443],
            echo: vec![9000],
            greeting: vec![9001],
            dns: (Ipv4Addr::new(198, 51, 100, 53), 53).into(),
            zone: directory.join("zone.yaml"),
            record: directory.join("origin.jsonl"),
            authority: directory.join("ca.pem"),
        }
    }
}

/// Services that listen; they end when this is dropped.
#[derive(Debug)]
pub struct ExternalServices {
    /// Where HTTP is answered in the clear, in the order of the config.
    pub http: Vec<SocketAddr>,
    /// Where HTTP is answered inside TLS, in the order of the config.
    pub https: Vec<SocketAddr>,
    /// Where TCP is echoed, in the order of the config.
    pub echo: Vec<SocketAddr>,
    /// Where clients are greeted, in the order of the config.
    pub greeting: Vec<SocketAddr>,
    /// Where DNS is answered.
    pub dns: SocketAddr,
    /// Held, never joined: dropping the set ends every listener and its connections.
    _listeners: JoinSet<()>,
}

impl ExternalServices {
    /// Opens every port; when this returns, all of them answer.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        let record = Arc::new(RecordFile::create(&config.record)?);
        let authority = Authority::create(config.origin)?;
        fs::write(&config.authority, authority.certificate())
            .with_context(|| format!("cannot write {}", config.authority.display()))?;
        let tls = Protocol::Https(authority.server_config()?);

        let mut listeners = JoinSet::new();
        let name_server = NameServer::bind(config.dns, ZoneFile::open(&config.zone)?).await?;
        let dns = name_server.address;
        listeners.spawn(name_server.serve());
        let (mut http, mut https, mut echo, mut greeting) = (vec![], vec![], vec![], vec![]);
        for (ports, protocol, addresses) in [
            (&config.http, Protocol::Http, &mut http),
            (&config.https, tls, &mut https),
            (&config.echo, Protocol::Echo, &mut echo),
            (&config.greeting, Protocol::Greeting, &mut greeting),
        ] {
            for port in ports {
                let listener = bind((config.origin, *port).into()).await?;
                addresses.push(listener.local_addr()?);
                listeners.spawn(listener::accept(listener, protocol.clone(), Arc::clone(&record)));
            }
        }
        Ok(Self { http, https, echo, greeting, dns, _listeners: listeners })
    }
}

/// `cargo xtask external-services`: says `ready` on stdout once everything listens, and ends on SIGTERM.
pub fn run(config: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(config).with_context(|| format!("cannot read {}", config.display()))?;
    let config: Config =
        serde_yaml::from_str(&text).with_context(|| format!("cannot understand {}", config.display()))?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let _services = ExternalServices::start(&config).await?;
        writeln!(std::io::stdout(), "ready")?;
        Ok(termination::requested().await?)
    })
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}
