//! The operator's command line.

/// A round makes some fifty objects and drops them again, and what is kept of them is small and lives long: the allocator of glibc keeps as much
/// in holes as is in use. librdkafka, whose clients come and go, has this one too. Its settings are in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    operator::cli::main()
}
