//! What the kernel tells of processes: memory and time on the cores. Linux alone tells it this way; elsewhere there is none.

use std::fs;
use std::time::Duration;

/// `USER_HZ`, in which times are told: the same on every architecture that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// The resident memory of a process, in MiB: now, and at most so far.
pub(crate) fn memory(pid: u32) -> Option<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kibibytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()
    };
    Some((kibibytes("VmRSS")? / 1024.0, kibibytes("VmHWM")? / 1024.0))
}

/// The threads of a process.
pub(crate) fn threads(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Threads:"))?.trim().parse().ok()
}

/// The fields of `/proc/PID/stat` from the third on: a name may hold spaces, and ends in the last parenthesis.
fn stat(pid: &str) -> Option<Vec<i64>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    Some(fields.split(' ').map(|field| field.trim().parse().unwrap_or(0)).collect())
}

fn ticks(stat: &[i64], fields: std::ops::Range<usize>) -> i64 {
    stat.get(fields).unwrap_or_default().iter().sum()
}

fn seconds(ticks: i64) -> f64 {
    ticks as f64 / TICKS_PER_SECOND
}

/// The time that a process has spent on the cores, in seconds.
pub(crate) fn time(pid: u32) -> f64 {
    stat(&pid.to_string()).map_or(0.0, |stat| seconds(ticks(&stat, 11..13)))
}

/// The same, of a process and all of its children, those that have ended too.
pub(crate) fn time_of_family(pid: u32) -> f64 {
    let own = stat(&pid.to_string()).map_or(0, |stat| ticks(&stat, 11..15));
    let names = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let children = names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).filter_map(|name| stat(&name));
    let children = children.filter(|stat| stat.get(1) == Some(&i64::from(pid))).map(|stat| ticks(&stat, 11..13));
    seconds(own + children.sum::<i64>())
}

/// The share of the cores' time that is spent on anything, over this while.
pub(crate) async fn busy(during: Duration) -> Option<f64> {
    let read = || {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        let fields: Vec<f64> = stat.lines().next()?.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
        // The fourth is idle, the fifth waits for the disk.
        Some((fields.iter().take(8).sum::<f64>(), fields.get(3)? + fields.get(4)?))
    };
    let before = read()?;
    tokio::time::sleep(during).await;
    let after = read()?;
    Some(1.0 - (after.1 - before.1) / (after.0 - before.0))
}

/// What the machine is, in a line.
pub(crate) fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model =
        cpu.lines().find_map(|line| line.strip_prefix("model name")).map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let memory = read("/proc/meminfo");
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{cores} cores ({model}), {:.0} GiB of memory, Linux {}", memory.unwrap_or(0.0) / 1048576.0, kernel.trim())
}

/// How long a write of 8 KiB takes to be on the disk of this directory, where PostgreSQL writes its log.
pub(crate) fn sync_time(directory: &std::path::Path) -> std::io::Result<Duration> {
    use std::os::unix::fs::FileExt as _;
    const TIMES: u32 = 200;
    let file = fs::File::create(directory.join("sync"))?;
    let block = [1; 8192];
    file.write_all_at(&block, 0)?;
    file.sync_all()?;
    let started = std::time::Instant::now();
    for _ in 0..TIMES {
        file.write_all_at(&block, 0)?;
        file.sync_data()?;
    }
    Ok(started.elapsed() / TIMES)
}
