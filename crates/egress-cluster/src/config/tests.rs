//! Flags, files and contexts as kubectl treats them.

use super::*;

const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
current-context: shop
clusters:
- name: one
  cluster: {server: "https://10.0.0.1:6443", tls-server-name: kubernetes}
- name: two
  cluster: {server: "https://10.0.0.2:6443", proxy-url: "socks5://127.0.0.1:1080"}
users:
- name: editor
  user: {token: from-file}
- name: plugin
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: never-run}}
contexts:
- name: shop
  context: {cluster: one, user: editor, namespace: shop}
- name: billing
  context: {cluster: two, user: plugin}
"#;

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Files { folder: tempfile::tempdir().unwrap() };
        files.write("config", KUBECONFIG);
        files
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn options(&self) -> ConnectOptions {
        ConnectOptions { kubeconfig: Some(self.folder.path().join("config")), ..ConnectOptions::default() }
    }
}

fn token(config: &Config) -> Option<String> {
    serde_json::to_value(&config.auth_info).unwrap()["token"].as_str().map(str::to_owned)
}

#[test]
fn the_current_context_gives_server_user_and_namespace() {
    let config = resolve(&Files::new().options()).unwrap();
    assert_eq!(config.cluster_url.to_string(), "https://10.0.0.1:6443/");
    assert_eq!(config.default_namespace, "shop");
    assert_eq!(token(&config).as_deref(), Some("from-file"));
    assert_eq!(config.tls_server_name.as_deref(), Some("kubernetes"));
}

#[test]
fn flags_choose_another_context_cluster_and_user() {
    let files = Files::new();
    let config = resolve(&ConnectOptions {
        context: Some("billing".to_owned()),
        user: Some("editor".to_owned()),
        ..files.options()
    });
    let config = config.unwrap();
    assert_eq!(config.default_namespace, "default");
    assert_eq!(token(&config).as_deref(), Some("from-file"));
    assert_eq!(config.proxy_url, Some("socks5://127.0.0.1:1080".parse().unwrap()));
    let config = resolve(&ConnectOptions { cluster: Some("two".to_owned()), ..files.options() }).unwrap();
    assert_eq!(config.cluster_url.to_string(), "https://10.0.0.2:6443/");
    assert_eq!(config.default_namespace, "shop");
}

#[test]
fn a_token_by_flag_replaces_every_other_way_to_log_in() {
    let files = Files::new();
    let options = ConnectOptions {
        context: Some("billing".to_owned()),
        token: Some("from-flag".to_owned()),
        ..files.options()
    };
    let config = resolve(&options).unwrap();
    assert_eq!(token(&config).as_deref(), Some("from-flag"));
    assert!(config.auth_info.exec.is_none());
}

#[test]
fn a_server_by_flag_needs_no_kubeconfig() {
    let options =
        ConnectOptions { server: Some("https://192.0.2.1:8443".to_owned()), ..ConnectOptions::default() };
    assert_eq!(resolve(&options).unwrap().cluster_url.to_string(), "https://192.0.2.1:8443/");
}

#[test]
fn impersonation_is_taken_from_the_flags() {
    let files = Files::new();
    let options = ConnectOptions {
        as_user: Some("alice".to_owned()),
        as_groups: vec!["devs".to_owned()],
        as_user_extra: vec!["team=shop".to_owned()],
        ..files.options()
    };
    let auth = resolve(&options).unwrap().auth_info;
    assert_eq!(auth.impersonate.as_deref(), Some("alice"));
    assert_eq!(auth.impersonate_groups, Some(vec!["devs".to_owned()]));
    assert_eq!(auth.impersonate_user_extra.unwrap()["team"], ["shop"]);
    let lone = ConnectOptions { as_groups: vec!["devs".to_owned()], ..files.options() };
    assert!(resolve(&lone).unwrap_err().to_string().contains("need --as"));
}

#[test]
fn the_first_file_wins_and_missing_files_are_skipped() {
    let files = Files::new();
    let second = files.write("second", "current-context: billing\ncontexts: []\n");
    let options = ConnectOptions {
        kubeconfig_files: vec![
            files.folder.path().join("absent"),
            files.folder.path().join("config"),
            second,
        ],
        ..ConnectOptions::default()
    };
    assert_eq!(current_namespace(&options).unwrap(), "shop");
}

#[test]
fn the_namespace_is_default_without_any_kubeconfig() {
    let options = ConnectOptions {
        kubeconfig_files: vec![PathBuf::from("/nonexistent/config")],
        ..ConnectOptions::default()
    };
    assert_eq!(current_namespace(&options).unwrap(), "default");
}

#[test]
fn what_is_missing_is_named() {
    let files = Files::new();
    let error = |options: ConnectOptions| resolve(&options).unwrap_err().to_string();
    let context = Some("absent".to_owned());
    assert_eq!(error(ConnectOptions { context, ..files.options() }), "context \"absent\" does not exist");
    let user = Some("absent".to_owned());
    assert_eq!(error(ConnectOptions { user, ..files.options() }), "auth info \"absent\" does not exist");
    let kubeconfig = Some(PathBuf::from("/nonexistent/config"));
    let message = error(ConnectOptions { kubeconfig, ..ConnectOptions::default() });
    assert!(message.contains("/nonexistent/config"), "{message}");
}

#[test]
fn a_kubeconfig_that_is_no_yaml_is_told_in_one_line() {
    let files = Files::new();
    let kubeconfig = Some(files.write("broken", "a: [\n\u{7}"));
    let error = resolve(&ConnectOptions { kubeconfig, ..ConnectOptions::default() }).unwrap_err();
    assert!(matches!(&error, ClusterError::Kubeconfig(text) if !text.contains('\n')), "{error}");
}

#[test]
fn skipping_verification_drops_the_certificate_authority() {
    let files = Files::new();
    let options = ConnectOptions {
        insecure_skip_tls_verify: true,
        certificate_authority: Some(PathBuf::from("/nonexistent/ca.pem")),
        ..files.options()
    };
    let config = resolve(&options).unwrap();
    assert!(config.accept_invalid_certs && config.root_cert.is_none());
}

/// The kind: a password on the command line or in a URL gets into errors, logs and reports.
#[test]
fn a_password_in_the_servers_address_is_refused_and_never_printed() {
    let files = Files::new();
    for server in [
        "https://u:hunter2@cluster.example:6443",
        "u:hunter2@cluster.example",
        "https://hunter2@cluster.example",
        "https://u:hun/ter2@cluster.example",
        "https://u:hunter2@not a host",
    ] {
        let options = ConnectOptions { server: Some(server.to_owned()), ..files.options() };
        let message = resolve(&options).unwrap_err().to_string();
        assert!(!message.contains("hun") && message.contains("https://HOST:PORT"), "{message}");
    }
}
