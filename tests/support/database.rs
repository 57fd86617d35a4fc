//! A PostgreSQL for each test process, and databases for each test: copies of one that is migrated once.

use local::postgres::Server;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::sync::OnceCell;

static SERVER: OnceCell<Server> = OnceCell::const_new();
static TEMPLATES: [OnceCell<()>; 3] = [const { OnceCell::const_new() }; 3];

/// The server of this test process.
pub async fn server() -> &'static Server {
    SERVER.get_or_init(|| async { local::postgres::ephemeral().await.expect("a PostgreSQL") }).await
}

/// A name that no other test has.
pub fn unique(prefix: &str) -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("randomness");
    format!("{prefix}_{:016x}", u64::from_be_bytes(bytes))
}

/// An empty database.
pub async fn empty() -> PgConnectOptions {
    let name = unique("empty");
    server().await.create_database(&name).await.expect("a database");
    server().await.connect_options(&name)
}

/// A database with the schema of a service.
pub async fn migrated(service: &str) -> PgConnectOptions {
    let (index, migrator): (usize, &Migrator) = match service {
        "auth" => (0, &auth::MIGRATOR),
        "menu" => (1, &menu::MIGRATOR),
        _ => (2, &reservation::MIGRATOR),
    };
    let server = server().await;
    let template = format!("template_{service}");
    TEMPLATES[index]
        .get_or_init(|| async {
            server.create_database(&template).await.expect("a template");
            let pool = PgPool::connect_with(server.connect_options(&template)).await.expect("a connection");
            migrator.run(&pool).await.expect("migrations");
            pool.close().await;
        })
        .await;
    let name = unique(service);
    server.copy_database(&template, &name).await.expect("a database");
    server.connect_options(&name)
}

/// A few connections to a database, for a test to look behind the services.
pub fn pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new().max_connections(4).connect_lazy_with(options)
}
