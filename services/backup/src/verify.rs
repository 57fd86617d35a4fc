//! The newest backup, restored and counted, in a place that is thrown away.

use std::time::Instant;

use crate::look;
use crate::report::{Failure, Reason, VerifyReport};
use crate::restore::{beside, recover, remove};
use crate::tool::Tool;

/// Restores the database to the newest moment into a folder beside PGDATA, counts its rows and removes it.
///
/// # Errors
/// Where the newest backup and the log after it cannot be restored.
pub(crate) async fn verify(tool: &Tool) -> Result<VerifyReport, Failure> {
    let started = Instant::now();
    let seen = look::look(tool).await?;
    let other = || Failure::new(Reason::Failed, format!("the backups are of PostgreSQL {}, and this is another version", seen.major));
    let newest = seen.newest.ok_or_else(other)?;
    let folder = beside(&tool.repository.data, "verify");
    let recovered = recover(tool, &folder, newest).await;
    let removed = remove(&folder);
    let (backup, rows) = recovered?;
    removed.map_err(|error| Failure::new(Reason::Failed, format!("{} cannot be removed: {error}", folder.display())))?;
    Ok(VerifyReport { database: seen.database, backup, newest, rows, seconds: started.elapsed().as_secs() })
}
