//! Every statement of the services is prepared against the migrated schema, so that a name that is wrong is found without running it.

use std::path::{Path, PathBuf};

use chassis::http::problem::Problem;
use proc_macro2::{TokenStream, TokenTree};
use restaurant_booking_tests::database;
use sqlx::{Connection as _, Executor as _, PgConnection, SqlSafeStr as _};

/// The sources of a crate, and its statements in files of their own.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The text without the comments before it.
fn without_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with("--") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    rest
}

fn is_statement(text: &str) -> bool {
    let begins = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WITH "];
    begins.iter().any(|word| without_comments(text).starts_with(word))
}

/// The statements among the string literals of code, but for its tests.
fn literals(code: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<_> = code.into_iter().collect();
    for (place, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                let is_tests =
                    matches!(place.checked_sub(1).map(|before| &tokens[before]), Some(TokenTree::Ident(name)) if name == "tests");
                if !is_tests {
                    literals(group.stream(), found);
                }
            }
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                    && is_statement(&text.value())
                {
                    found.push(text.value());
                }
            }
            _ => {}
        }
    }
}

/// The statements of a crate.
fn statements(name: &str) -> Vec<String> {
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../services").join(name).join("src"), &mut paths);
    let mut found = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a source");
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("sql") => found.push(text),
            Some("rs") => literals(text.parse().expect("Rust"), &mut found),
            _ => {}
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_can_be_prepared() {
    for (name, service, least) in [("chassis", "menu", 15), ("auth", "auth", 15), ("menu", "menu", 5), ("reservation", "reservation", 25)] {
        let mut connection = PgConnection::connect_with(&database::migrated(service).await).await.expect("a connection");
        let statements = statements(name);
        assert!(statements.len() >= least, "{name}: {} statements", statements.len());
        for statement in statements {
            let prepared = connection.prepare(sqlx::AssertSqlSafe(statement.clone()).into_sql_str()).await;
            if let Err(error) = prepared {
                panic!("{name}: {error}: {statement}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s18_a_statement_that_takes_too_long_is_not_told_as_a_database_that_is_away() {
    let mut connection = PgConnection::connect_with(&database::migrated("menu").await).await.expect("a connection");
    connection.execute("SET statement_timeout = 50").await.expect("set");
    let late = connection.execute("SELECT pg_sleep(60)").await.expect_err("too late");
    let told = |error| String::from_utf8(Problem::from(error).document("id").to_vec()).expect("UTF-8");
    let late = told(late);
    assert!(late.contains("\"unavailable\"") && late.contains("too busy"), "{late}");
    let away = told(sqlx::Error::WorkerCrashed);
    assert!(away.contains("\"unavailable\"") && away.contains("cannot reach"), "{away}");
}

/// PostgreSQL compiles the plan of a statement that it is kept from scanning a table for, as the relay's connection is: that took 100 ms.
#[tokio::test(flavor = "multi_thread")]
async fn no_plan_is_compiled() {
    let options = database::migrated("menu").await;
    let pool = chassis::run::database::pool(options.clone(), 1);
    let mut ours = pool.acquire().await.expect("a connection");
    let mut bare = PgConnection::connect_with(&options).await.expect("a connection");
    let mut compiles = Vec::new();
    for connection in [&mut *ours, &mut bare] {
        connection.execute("SET enable_seqscan = off").await.expect("set");
        let plan: Vec<String> = sqlx::query_scalar("EXPLAIN UPDATE outbox_lease SET oldest = oldest WHERE holder = 0")
            .fetch_all(&mut *connection)
            .await
            .expect("a plan");
        compiles.push(plan.iter().any(|line| line.contains("JIT")));
    }
    // Where PostgreSQL was built without it, nothing is shown.
    let can: bool = sqlx::query_scalar("SELECT pg_jit_available()").fetch_one(&mut bare).await.expect("a word");
    assert_eq!(compiles, [false, can]);
}
