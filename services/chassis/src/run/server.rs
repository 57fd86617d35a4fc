//! The server: accepts connections, as many at once as are allowed, and ends them in order.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::http::path::Paths;
use crate::run::connection;
use crate::run::shutdown::Shutdown;

/// How long requests in flight may take to finish once the service is told to stop.
pub(crate) const DRAIN: Duration = Duration::from_secs(20);
/// How long to wait before the next attempt where the operating system has no room for a connection.
const PAUSE: Duration = Duration::from_secs(1);

/// What is served, and to how many at once.
pub(crate) struct Server {
    pub(crate) router: Router,
    pub(crate) paths: Paths,
    /// How many connections are open at once, at most. One more waits in the operating system's queue until another one ends.
    pub(crate) max_connections: usize,
}

impl Server {
    /// Serves until `stop`. Idle connections then end at once, and those with a request in flight once it is answered, or after [`DRAIN`].
    pub(crate) async fn run(self, listener: TcpListener, stop: Shutdown) {
        let room = Arc::new(Semaphore::new(self.max_connections));
        let (served, mut connections) = (connection::Served::new(self.router, self.paths), JoinSet::new());
        let accepting = async {
            loop {
                let place = room.clone().acquire_owned().await.expect("nobody closes the semaphore");
                let stream = accept(&listener).await;
                let connection = served.connection(stream, room.clone(), stop.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(place);
                });
                // What has ended is let go.
                while let Some(ended) = connections.try_join_next() {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a connection was lost to a mistake of ours");
                    }
                }
            }
        };
        stop.run_until_cancelled(accepting).await;
        drop(listener);
        let drained = tokio::time::timeout(DRAIN, async { while connections.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            let cut = connections.len();
            tracing::warn!(connections = cut, "requests in flight did not finish within {} s and are cut off", DRAIN.as_secs());
            connections.shutdown().await;
        }
    }
}

/// The next connection, however long it takes.
async fn accept(listener: &TcpListener) -> TcpStream {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client has gone again already.
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted; tried again in {} s", PAUSE.as_secs());
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
