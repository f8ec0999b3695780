//! Reads the output of the program that sent a probe.
//!
//! Knows the messages of curl and wget.

use super::plan::FROM;

/// The result of a command in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Its stdout.
    pub stdout: String,
    /// Its stderr.
    pub stderr: String,
    /// Its exit code; none if it was stopped.
    pub code: Option<i32>,
}

/// The response that the client got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeResponse {
    /// The status of the answer.
    pub status: Option<u16>,
    /// The header `server`: `envoy` if the response came from or through a sidecar or gateway.
    pub server: Option<String>,
    /// The address and port that the request was sent from.
    pub source: Option<String>,
    /// The program's error message, if there was no response.
    pub problem: Option<String>,
}

impl Ended {
    /// Whether nothing was sent, because the program is missing or does not know the options.
    pub fn is_missing(&self) -> bool {
        let said = self.stderr.to_lowercase();
        let no_program = ["executable file not found", "no such file or directory", "not found in $path"];
        let no_option = ["unrecognized option", "unknown option", "invalid option"];
        let without_program = no_program.iter().any(|words| said.contains(words));
        // A shell uses these exit codes; wget and curl do not.
        matches!(self.code, Some(126 | 127))
            || (self.code != Some(0)
                && (without_program || no_option.iter().any(|words| said.contains(words))))
    }

    /// The response.
    pub fn answer(&self) -> ProbeResponse {
        let mut answer = ProbeResponse::default();
        // wget prints headers to stderr, indented.
        for line in self.stdout.lines().chain(self.stderr.lines()).map(str::trim) {
            if let Some(source) = line.strip_prefix(FROM) {
                answer.source = Some(source.to_owned()).filter(|source| !source.starts_with(':'));
            } else if let Some(rest) = line.strip_prefix("HTTP/") {
                // The last one counts: `100 Continue` may come before.
                let status = rest.split_whitespace().nth(1).and_then(|word| word.parse().ok());
                answer.status = status.or(answer.status);
            } else if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("server")
            {
                answer.server = Some(value.trim().to_owned());
            }
        }
        if answer.status.is_none() {
            let last = self.stderr.lines().map(str::trim).rfind(|line| !line.is_empty());
            let silent = || format!("no answer, exit code {}", self.code.unwrap_or(-1));
            answer.problem = Some(last.map_or_else(silent, str::to_owned));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(stdout: &str, stderr: &str, code: i32) -> Ended {
        Ended { stdout: stdout.to_owned(), stderr: stderr.to_owned(), code: Some(code) }
    }

    #[test]
    fn the_last_status_the_server_and_the_source_are_read() {
        let curl = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nServer: envoy\r\n\r\nprobe-from 10.0.0.1:4711\n";
        let answer = ended(curl, "", 0).answer();
        assert_eq!((answer.status, answer.server.as_deref()), (Some(404), Some("envoy")));
        assert_eq!((answer.source.as_deref(), answer.problem), (Some("10.0.0.1:4711"), None));
        let wget = ended(
            "",
            "Connecting to …\n  HTTP/1.1 502 Bad Gateway\n  server: envoy\nwget: server returned error\n",
            1,
        );
        assert_eq!((wget.answer().status, wget.is_missing()), (Some(502), false));
    }

    #[test]
    fn without_an_answer_there_is_a_reason() {
        let reset =
            ended("probe-from 10.0.0.1:4711\n", "curl: (35) Recv failure: Connection reset by peer\n", 35);
        assert_eq!(reset.answer().problem.unwrap(), "curl: (35) Recv failure: Connection reset by peer");
        let unsent = ended("probe-from :0\n", "curl: (6) Could not resolve host: edition.cnn.com\n", 6);
        assert_eq!((unsent.answer().source, unsent.is_missing()), (None, false));
    }

    #[test]
    fn a_program_that_is_not_there_is_told_from_one_that_fails() {
        for (words, code) in [
            (
                "exec failed: unable to start container process: exec: \"curl\": executable file not found in $PATH",
                1,
            ),
            ("exec of \"curl\" failed: No such file or directory", 255),
            ("wget: unrecognized option '--max-redirect=0'", 1),
            ("", 127),
        ] {
            assert!(ended("", words, code).is_missing(), "{words}");
        }
    }
}
