//! The id of a request: in its answer, in its problem document, and in the log.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::Request;
use http::{HeaderName, HeaderValue};

/// The header that an id comes in and goes out with.
pub(crate) static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id under which a request is known: the client's own, or a new one.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The client's id, where it is 1 to 128 of `A-Z a-z 0-9 . _ ~ -`; else a new one of 128 bits.
    pub(crate) fn of(request: &Request) -> Self {
        match request.headers().get(&X_REQUEST_ID) {
            Some(id)
                if (1..=128).contains(&id.len())
                    && id.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(byte)) =>
            {
                Self(id.clone())
            }
            _ => Self::default(),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().expect("an id is ASCII")
    }

    /// The id as the value of a header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl Default for RequestId {
    fn default() -> Self {
        // To ask the operating system each time would take longer than to answer from memory. A process asks once, and goes on from
        // there in steps (an odd number, so that no id comes twice).
        static FIRST: LazyLock<u128> = LazyLock::new(|| {
            let mut bytes = [0; 16];
            getrandom::fill(&mut bytes).expect("the operating system has randomness to give");
            u128::from_be_bytes(bytes)
        });
        static COUNT: AtomicU64 = AtomicU64::new(0);
        const STEP: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
        let id = FIRST.wrapping_add(u128::from(COUNT.fetch_add(1, Ordering::Relaxed)).wrapping_mul(STEP));
        Self(HeaderValue::try_from(format!("{id:032x}")).expect("hexadecimal digits are visible ASCII"))
    }
}
