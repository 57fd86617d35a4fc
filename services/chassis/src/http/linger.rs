//! Bodies that are not read to their end, since the request is refused before.
//!
//! A connection that is closed while the client still sends is reset, and the client may never see why it was refused. So what is left
//! of a body is read and thrown away while the answer is on its way, within bounds.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::extract::Request;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};

/// How much more is read of a body that nobody wants.
const BYTES: usize = 16 * 1024 * 1024;
/// For how long.
const PATIENCE: Duration = Duration::from_secs(2);

/// A body whose rest is read when it is dropped.
struct Lingering {
    body: Option<BodyDataStream>,
    waiting: Waiting,
}

/// Whether somebody wants more of a body than the client has sent.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<AtomicBool>);

impl Waiting {
    pub(crate) fn is_for_the_client(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The request, of whose body nothing stays unread; and whether its body is waited for, where it has one.
pub(crate) fn over(request: Request) -> (Request, Option<Waiting>) {
    if request.body().is_end_stream() {
        return (request, None);
    }
    let waiting = Waiting::default();
    let lingering = |body: Body| Body::from_stream(Lingering { body: Some(body.into_data_stream()), waiting: waiting.clone() });
    (request.map(lingering), Some(waiting))
}

impl Stream for Lingering {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let read = body.poll_next_unpin(context);
        self.waiting.0.store(read.is_pending(), Ordering::Relaxed);
        let read = ready!(read);
        if !matches!(read, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(read)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        // Whoever waited has given up.
        self.waiting.0.store(false, Ordering::Relaxed);
        if let (Some(body), Ok(runtime)) = (self.body.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(PATIENCE, discard(body)));
        }
    }
}

async fn discard(mut body: BodyDataStream) {
    let mut left = BYTES;
    while let Some(Ok(bytes)) = body.next().await {
        match left.checked_sub(bytes.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
