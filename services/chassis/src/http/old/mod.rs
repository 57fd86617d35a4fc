//! What `value`, `body`, `input`, `etag` and `page` replace: kept until every service reads its input by them.
#![allow(missing_docs)]
pub mod etag;
pub mod input;
pub mod page;
pub mod rule;
