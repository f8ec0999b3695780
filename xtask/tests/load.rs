//! The load, as the process that a test starts inside a pod: what it counts, and how it ends.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::{
    external_services::{Config, ExternalServices, zone::Zone},
    load::{Sample, read_samples},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::{sleep, timeout},
};

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn answers_are_counted_by_status_and_by_the_address_the_origin_saw() {
    let folder = tempfile::tempdir().unwrap();
    let (services, config) = start(&folder).await;
    let refusing = serve_each(refuse).await;
    let targets = format!("http://{}/,https://{}/,http://{refusing}/", services.http[0], services.https[0]);
    let (summary, samples) = run(
        &folder,
        &["--targets", &targets, "--rate", "60", "--seconds", "1"],
        &["--ca", path(&config.authority)],
    )
    .await;

    let sent = samples.len();
    assert!((55..=61).contains(&sent), "{sent} requests at 60 a second for a second");
    let refused = samples.iter().filter(|sample| sample.status == Some(502)).count();
    let answered = samples
        .iter()
        .filter(|sample| sample.status == Some(200) && sample.peer == Some(LOCAL) && sample.error.is_none())
        .count();
    assert_eq!(refused + answered, sent);
    assert!(refused.abs_diff(sent / 3) <= 1, "{refused} of {sent} went to the third target");
    assert_eq!(
        summary,
        json!({
            "requests": sent,
            "statuses": {"200": answered, "502": refused},
            "errors": {},
            "peers": {"127.0.0.1": answered},
        })
    );
}

#[tokio::test]
async fn a_request_without_an_answer_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let (services, _config) = start(&folder).await;
    let closed = TcpListener::bind((LOCAL, 0)).await.unwrap().local_addr().unwrap();
    let resetting = serve_each(reset).await;
    for (target, reason) in [
        (format!("http://{closed}/"), "connection refused"),
        (format!("http://{resetting}/"), "connection reset"),
        (format!("http://{}/slow?ms=5000", services.http[0]), "timed out"),
        (format!("https://{}/", services.https[0]), "invalid peer certificate: UnknownIssuer"),
    ] {
        let arguments = ["--targets", &target, "--rate", "10", "--seconds", "1", "--timeout-ms", "300"];
        let (summary, samples) = run(&folder, &arguments, &[]).await;
        assert_eq!(summary["errors"], json!({reason: samples.len()}), "{target}");
        assert_eq!(summary["statuses"], json!({}), "{target}");
    }
}

#[tokio::test]
async fn it_stops_sending_when_the_file_appears() {
    let folder = tempfile::tempdir().unwrap();
    let (services, _config) = start(&folder).await;
    let stop = folder.path().join("stop");
    let target = format!("http://{}/", services.http[0]);
    let child = spawn(&folder, &["--targets", &target, "--until-file", path(&stop)]);
    first_sample(&folder).await;
    std::fs::write(&stop, "").unwrap();
    assert!(finish(child).await.status.success());
}

#[tokio::test]
async fn told_to_stop_it_waits_for_the_answers_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let (services, _config) = start(&folder).await;
    let (fast, slow) =
        (format!("http://{}/", services.http[0]), format!("http://{}/slow?ms=500", services.http[0]));
    let child = spawn(&folder, &["--targets", &format!("{slow},{fast}")]);
    first_sample(&folder).await;
    let kill = Command::new("kill").arg(child.id().unwrap().to_string()).status().await.unwrap();
    assert!(kill.success());

    let output = finish(child).await;
    assert!(output.status.success());
    let samples = read_samples(&out(&folder)).unwrap();
    assert!(samples.iter().any(|sample| sample.target == slow));
    assert!(samples.iter().all(|sample| sample.status == Some(200)), "{samples:?}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["requests"], samples.len());
}

#[tokio::test]
async fn a_url_that_is_not_http_and_a_load_without_bounds_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        ["--targets", "tcp://127.0.0.1:1/", "--seconds", "1"],
        ["--targets", "http://127.0.0.1:1/", "--seconds", "601"],
        ["--targets", "http://127.0.0.1:1/", "--rate", "1001"],
    ] {
        let output = finish(spawn(&folder, &arguments)).await;
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

async fn start(folder: &TempDir) -> (ExternalServices, Config) {
    let config = Config {
        origin: LOCAL,
        http: vec![0],
        https: vec![0],
        echo: vec![],
        greeting: vec![],
        dns: (LOCAL, 0).into(),
        ..Config::in_directory(folder.path())
    };
    Zone::default().save(&config.zone).unwrap();
    (ExternalServices::start(&config).await.unwrap(), config)
}

/// A server that does one thing with every connection.
async fn serve_each<F>(action: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind((LOCAL, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            action(stream).await;
        }
    });
    address
}

async fn refuse(mut stream: TcpStream) {
    let mut head = [0; 512];
    assert_ne!(stream.read(&mut head).await.unwrap(), 0);
    let answer = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(answer.as_bytes()).await.unwrap();
}

async fn reset(mut stream: TcpStream) {
    let mut head = [0; 512];
    assert_ne!(stream.read(&mut head).await.unwrap(), 0);
    stream.set_zero_linger().unwrap();
}

async fn run(folder: &TempDir, arguments: &[&str], more: &[&str]) -> (Value, Vec<Sample>) {
    let output = finish(spawn(folder, &[arguments, more].concat())).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (serde_json::from_slice(&output.stdout).unwrap(), read_samples(&out(folder)).unwrap())
}

fn spawn(folder: &TempDir, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("load")
        .args(arguments)
        .arg("--out")
        .arg(out(folder))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn finish(child: Child) -> Output {
    timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap()
}

async fn first_sample(folder: &TempDir) {
    let first = async {
        while read_samples(&out(folder)).unwrap_or_default().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, first).await.unwrap();
}

fn out(folder: &TempDir) -> PathBuf {
    folder.path().join("load.jsonl")
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
