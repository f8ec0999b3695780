//! Debian's `docker-registry`, on a port of this machine for as long as a value lives.
//!
//! The program is the installed one, or comes from Debian's package, which is fetched once and not installed.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use egress_policy_wasm::inspect::digest;
use tempfile::TempDir;

/// The only user of a registry that wants a login, `ada`, with the password `secret`.
const HTPASSWD: &str = "ada:$2b$04$.jIOAotPlNLWuEBOuWnLde7fKNJVIzwGKRbIpFKWd5FcJXy9LeL9q\n";
/// A registry starts in a tenth of a second.
const START: Duration = Duration::from_secs(20);

/// A registry that runs.
pub(crate) struct Registry {
    folder: TempDir,
    process: Child,
    port: u16,
}

/// Finds the program or fetches its package; the error says why there is none.
pub(crate) fn obtain() -> Result<PathBuf, String> {
    let installed = PathBuf::from("/usr/bin/docker-registry");
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docker-registry");
    let fetched = home.join("usr/bin/docker-registry");
    if let Some(found) = [installed, fetched.clone()].into_iter().find(|path| path.exists()) {
        return Ok(found);
    }
    // In a folder of its own first: several runs may do this at the same time.
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).map_err(|error| error.to_string())?;
    let download = || run(Command::new("apt-get").args(["download", "docker-registry"]), folder.path());
    if download().is_err() {
        run(Command::new("apt-get").args(["update", "--quiet"]), folder.path())?;
        download()?;
    }
    let package = fs::read_dir(folder.path()).map_err(|error| error.to_string())?.next();
    let package = package.and_then(Result::ok).ok_or("apt-get downloaded nothing")?.path();
    let unpacked = folder.path().join("unpacked");
    run(Command::new("dpkg").arg("-x").args([&package, &unpacked]), folder.path())?;
    // Whoever is second finds it there.
    if fs::rename(&unpacked, &home).is_err() && !fetched.exists() {
        return Err(format!("{} cannot be made", home.display()));
    }
    Ok(fetched)
}

impl Registry {
    /// One that lets in anybody.
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// One that wants a login.
    pub(crate) fn start_with_login() -> Self {
        Self::start_with("auth: {htpasswd: {realm: here, path: htpasswd}}\n")
    }

    fn start_with(more: &str) -> Self {
        let folder = TempDir::new().unwrap();
        // The port is free now, and nobody else is told of it.
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let configuration = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: data}}}}\nhttp: {{addr: \"127.0.0.1:{port}\"}}\n{more}"
        );
        fs::write(folder.path().join("registry.yml"), configuration).unwrap();
        fs::write(folder.path().join("htpasswd"), HTPASSWD).unwrap();
        let process = Command::new(obtain().unwrap())
            .args(["serve", "registry.yml"])
            .current_dir(&folder)
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut registry = Registry { folder, process, port };
        registry.wait();
        registry
    }

    /// Waits until it takes connections.
    fn wait(&mut self) {
        let deadline = Instant::now() + START;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let alive = self.process.try_wait().unwrap().is_none() && Instant::now() < deadline;
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap();
            assert!(alive, "no docker-registry: {}", log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its host with its port.
    pub(crate) fn name(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A reference in it.
    pub(crate) fn reference(&self, repository: &str) -> String {
        format!("oci://{}/{repository}", self.name())
    }

    /// Puts bytes into a repository, and says their digest.
    pub(crate) fn push_blob(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        let base = format!("http://{}/v2/{repository}/blobs/uploads/", self.name());
        let begun = ureq::post(base).header("Authorization", authorization()).send_empty().unwrap();
        let location = begun.headers()["Location"].to_str().unwrap();
        let location = format!("{location}&digest={digest}");
        ureq::put(location).header("Authorization", authorization()).send(bytes).unwrap();
        digest
    }

    /// Publishes one layer under the tag `1`, and says the digest of the manifest.
    pub(crate) fn publish(&self, repository: &str, layer: &[u8], media_type: &str) -> String {
        const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
        let configuration = self.push_blob(repository, b"{}");
        let layer_digest = self.push_blob(repository, layer);
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.wasm.config.v0+json", "digest": configuration, "size": 2},
            "layers": [{"mediaType": media_type, "digest": layer_digest, "size": layer.len()}],
        })
        .to_string();
        let url = format!("http://{}/v2/{repository}/manifests/1", self.name());
        let request = ureq::put(url).header("Authorization", authorization());
        request.header("Content-Type", MANIFEST).send(&manifest).unwrap();
        digest(manifest.as_bytes())
    }

    /// Changes what it has stored, behind its back.
    pub(crate) fn tamper(&self, digest: &str, bytes: &[u8]) {
        let hexadecimal = digest.trim_start_matches("sha256:");
        let blobs = self.folder.path().join("data/docker/registry/v2/blobs/sha256");
        fs::write(blobs.join(&hexadecimal[..2]).join(hexadecimal).join("data"), bytes).unwrap();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A registry that lets in anybody does not look at it.
fn authorization() -> String {
    format!("Basic {LOGIN}")
}

/// `ada:secret`, as HTTP and Docker's configuration write it.
pub(crate) const LOGIN: &str = "YWRhOnNlY3JldA==";

fn run(command: &mut Command, folder: &Path) -> Result<(), String> {
    let output = command.current_dir(folder).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    let last = String::from_utf8_lossy(&output.stderr).trim().lines().last().unwrap_or_default().to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{}: {last}", command.get_program().display())) }
}
