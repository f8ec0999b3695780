//! A way to the API server that fails: a TCP proxy beside it, with a fault of its own.
//!
//! Knows bytes and connections; knows nothing of TLS or HTTP inside them.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use super::{handle::Bed, layout::CONTROL_PLANE, netns};

/// Where the API server listens.
const API_SERVER: u16 = 6443;
/// As much as is passed on at once.
const PIECE: usize = 4096;

/// The pause between two looks.
const BREATH: Duration = Duration::from_millis(10);

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Each is cut once so many bytes of answers have passed.
    CutAfter(usize),
    /// Each stands still once so many bytes of answers have passed.
    StallAfter(usize),
    /// Each is closed as soon as it is there.
    Refuse,
}

/// A proxy in front of the API server. It ends when it is dropped.
#[derive(Debug)]
pub struct FaultyServer {
    address: SocketAddr,
    faults: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
}

impl Bed {
    /// Puts a proxy with a fault beside the API server, in the same network.
    pub fn faulty_api_server(&self, fault: Fault) -> anyhow::Result<FaultyServer> {
        let network = self.layout.control_plane();
        let listener = netns::inside(&network, || TcpListener::bind((CONTROL_PLANE, 0)))??;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (faults, ended) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (counted, over) = (Arc::clone(&faults), Arc::clone(&ended));
        thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let Ok((client, _)) = listener.accept() else {
                    thread::sleep(BREATH);
                    continue;
                };
                // It would have the patience of the listener.
                let _ = client.set_nonblocking(false);
                if fault == Fault::Refuse {
                    counted.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                // A connection that fails ends as every broken one does: both sides are closed.
                let connect = || TcpStream::connect((CONTROL_PLANE, API_SERVER));
                if let Ok(Ok(server)) = netns::inside(&network, connect) {
                    let _ = pass(client, server, fault, &counted, &over);
                }
            }
        });
        Ok(FaultyServer { address, faults, ended })
    }
}

impl FaultyServer {
    /// Its URL.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// How many connections have met the fault.
    pub fn faults(&self) -> usize {
        self.faults.load(Ordering::Relaxed)
    }
}

impl Drop for FaultyServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// Passes both directions on, each in a thread of its own.
fn pass(
    client: TcpStream,
    server: TcpStream,
    fault: Fault,
    faults: &Arc<AtomicUsize>,
    ended: &Arc<AtomicBool>,
) -> io::Result<()> {
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let (faults, ended) = (Arc::clone(faults), Arc::clone(ended));
    thread::spawn(move || {
        let _ = answer(&server, &client, fault, &faults, &ended);
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    });
    Ok(())
}

fn answer(
    mut server: &TcpStream,
    mut client: &TcpStream,
    fault: Fault,
    faults: &AtomicUsize,
    ended: &AtomicBool,
) -> io::Result<()> {
    let (limit, stalls) = match fault {
        Fault::CutAfter(bytes) => (bytes, false),
        Fault::StallAfter(bytes) => (bytes, true),
        Fault::Refuse => (0, false),
    };
    let (mut piece, mut passed) = ([0; PIECE], 0);
    while passed < limit {
        let read = server.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        let some = read.min(limit - passed);
        client.write_all(piece.get(..some).unwrap_or_default())?;
        passed += some;
    }
    faults.fetch_add(1, Ordering::Relaxed);
    if stalls {
        // Until the client gives up, or the proxy is over.
        while !ended.load(Ordering::Relaxed) && client.take_error()?.is_none() {
            thread::sleep(BREATH);
        }
    }
    Ok(())
}
