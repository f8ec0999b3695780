//! The web origin: it answers every request with what it saw of it. Knows HTTP, and no sockets.

use std::{collections::BTreeMap, convert::Infallible, io, time::Duration};

use futures::stream;
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Response,
    body::{Bytes, Frame, Incoming},
    header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue},
};
use tokio::time::{interval, sleep};
use url::form_urlencoded;

use super::record::{Connection, Event, RecordFile, RecordedRequest};
use crate::json_lines::now_ms;

/// The longest delay that `/slow` grants.
const SLOWEST: Duration = Duration::from_secs(5);
/// The longest answer that `/stream` gives.
const LONGEST: Duration = Duration::from_mins(1);
/// The time between two chunks of `/stream`.
const BEAT: Duration = Duration::from_millis(100);

type Body = BoxBody<Bytes, Infallible>;

/// Records a request and answers it with the record.
///
/// `/slow?ms=N` answers late, `/stream?seconds=N` goes on sending a chunk every 100 ms; everything else is
/// answered at once.
pub(super) async fn answer(
    request: hyper::Request<Incoming>,
    connection: &Connection,
    record: &RecordFile,
) -> io::Result<Response<Body>> {
    let seen = describe(&request, connection);
    let mut line = serde_json::to_vec(&seen)?;
    line.push(b'\n');
    record.add(now_ms(), Event::Request(seen))?;

    let uri = request.uri();
    let number = |name| number(uri.query().unwrap_or_default(), name);
    let body = match uri.path() {
        "/slow" => {
            sleep(Duration::from_millis(number("ms")).min(SLOWEST)).await;
            whole(line)
        }
        "/stream" => beats(Duration::from_secs(number("seconds")).min(LONGEST), line),
        _ => whole(line),
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn describe(request: &hyper::Request<Incoming>, connection: &Connection) -> RecordedRequest {
    let headers = headers(request.headers());
    let uri = request.uri();
    RecordedRequest {
        peer: connection.peer,
        tls: connection.tls,
        sni: connection.sni.clone(),
        host: uri.authority().map(ToString::to_string).or_else(|| headers.get(HOST.as_str()).cloned()),
        port: connection.port,
        method: request.method().to_string(),
        path: uri.path_and_query().map_or_else(|| uri.to_string(), ToString::to_string),
        headers,
    }
}

fn headers(map: &HeaderMap) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in map {
        let value = String::from_utf8_lossy(value.as_bytes());
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|known| {
                known.push_str(", ");
                known.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    headers
}

/// The value of a query parameter; what is missing or no number is 0.
fn number(query: &str, name: &str) -> u64 {
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or_default()
}

fn whole(line: Vec<u8>) -> Body {
    Full::from(line).boxed()
}

/// Sends `line` at once and then one byte per beat, a space: the body stays one JSON value.
fn beats(duration: Duration, line: Vec<u8>) -> Body {
    let beats = duration.as_millis() / BEAT.as_millis();
    let frames =
        stream::unfold((0, interval(BEAT), Some(line)), move |(sent, mut clock, mut line)| async move {
            if sent > beats {
                return None;
            }
            clock.tick().await;
            let chunk = line.take().map_or_else(|| Bytes::from_static(b" "), Bytes::from);
            Some((Ok(Frame::data(chunk)), (sent + 1, clock, line)))
        });
    StreamBody::new(frames).boxed()
}
