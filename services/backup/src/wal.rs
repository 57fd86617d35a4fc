//! PostgreSQL's two questions of the log: to archive a file, and to fetch one.

use std::time::Duration;

use crate::report::Failure;
use crate::tool::Tool;

/// How long one attempt may take: PostgreSQL waits meanwhile.
const DEADLINE: Duration = Duration::from_secs(120);
/// How often a file is asked for that cannot be had.
const ATTEMPTS: u32 = 5;
/// The first pause between two attempts; each later one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);

/// More than 125 has PostgreSQL end its recovery with an error, in place of taking the file for one that is not there, and the log for whole.
pub(crate) const NOT_TO_BE_HAD: u8 = 126;

/// Archives a file of the log.
///
/// # Errors
/// Why it is not archived. PostgreSQL keeps the file and asks again.
pub(crate) async fn push(tool: &Tool, file: &str) -> Result<(), Failure> {
    tool.push(file, DEADLINE).await
}

/// Fetches a file of the log; false: there is none of that name.
///
/// # Errors
/// Where it may be there, but cannot be had.
pub(crate) async fn get(tool: &Tool, name: &str, to: &str) -> Result<bool, Failure> {
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        match tool.get(name, to, DEADLINE).await {
            Err(failure) if failure.retry => eprintln!("{failure}; another attempt in {} s", pause.as_secs()),
            answered => return answered,
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    tool.get(name, to, DEADLINE).await
}
