//! The newest backup, restored and counted, in a place that is thrown away.

use std::time::Instant;

use crate::look;
use crate::report::{Failure, Reason, VerifyReport};
use crate::restore::{beside, recover, remove};
use crate::server::Counted;
use crate::tool::Tool;

/// Restores the database to the newest moment into a folder beside PGDATA, counts its rows and removes it.
///
/// # Errors
/// Where the newest backup and the log after it cannot be restored, or the restored database lacks what it must have.
pub(crate) async fn verify(tool: &Tool) -> Result<VerifyReport, Failure> {
    let started = Instant::now();
    let seen = look::look(tool).await?;
    let other = || Failure::new(Reason::Failed, format!("the backups are of PostgreSQL {}, and this is another version", seen.major));
    let newest = seen.newest.ok_or_else(other)?;
    let folder = beside(&tool.repository.data, "verify");
    let recovered = recover(tool, &folder, newest).await;
    let removed = remove(&folder);
    let (backup, counted) = recovered?;
    removed.map_err(|error| Failure::new(Reason::Failed, format!("{} cannot be removed: {error}", folder.display())))?;
    if let Some(fault) = fault(&counted) {
        let what = format!("{} can be restored from the backup {backup}, and {fault}", seen.database);
        return Err(Failure::new(Reason::Damaged, what));
    }
    Ok(VerifyReport { database: seen.database, backup, newest, rows: counted.rows, seconds: started.elapsed().as_secs() })
}

/// What a restored database lacks. A database that has served has at least the list of its migrations; a single table may well be empty.
fn fault(counted: &Counted) -> Option<String> {
    if !counted.cut.is_empty() {
        let tables = counted.cut.join(", ");
        return Some(format!(
            "rows of these tables are missing, since their files end early: {tables}; look for them in an earlier backup"
        ));
    }
    let is_empty = counted.rows.values().all(|rows| *rows == 0);
    is_empty.then(|| "it has no rows; check that the service uses the database that is backed up".to_owned())
}
