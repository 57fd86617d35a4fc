//! Bodies that are not read to their end, since the request is refused before.
//!
//! A connection that is closed while the client still sends is reset, and the client may never see why it was refused. So what is left
//! of a body is read and thrown away while the answer is on its way, within bounds.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody as _};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};

/// How much more is read of a body that nobody wants.
const BYTES: usize = 16 * 1024 * 1024;
/// For how long.
const PATIENCE: Duration = Duration::from_secs(2);

/// A body whose rest is read when it is dropped.
struct Lingering(Option<BodyDataStream>);

/// The body, of which nothing stays unread.
pub(crate) fn over(body: Body) -> Body {
    if body.is_end_stream() { body } else { Body::from_stream(Lingering(Some(body.into_data_stream()))) }
}

impl Stream for Lingering {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let read = ready!(body.poll_next_unpin(context));
        if !matches!(read, Some(Ok(_))) {
            self.0 = None;
        }
        Poll::Ready(read)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if let (Some(body), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
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
