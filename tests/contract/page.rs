//! The page for owners, done word for word.

use std::process::Command;

use restaurant_booking_tests::{Platform, Setup};

/// The blocks of a page: commands, and the answer below them, where there is one.
fn blocks(page: &str) -> Vec<(String, Option<String>)> {
    let mut blocks: Vec<(String, Option<String>)> = Vec::new();
    for block in page.split("\n```").skip(1).step_by(2) {
        let (kind, text) = block.split_once('\n').expect("a block has a first line");
        match (kind, blocks.last_mut()) {
            ("sh", _) => blocks.push((text.to_owned(), None)),
            ("text", Some((_, answer))) => *answer = Some(text.to_owned()),
            _ => panic!("a block of {kind}"),
        }
    }
    blocks
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_sets_up_a_restaurant_by_the_page() {
    let platform = Platform::start(Setup { services: vec!["auth", "reservation"], ..Setup::default() }).await;
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rules.md")).expect("the page");
    let blocks = blocks(&page);
    assert!(blocks.len() > 6);
    // One shell, as a reader has it; a line that no command writes stands between the answers.
    let mark = "-- next --";
    let script: String = blocks.iter().map(|(commands, _)| format!("{commands}\necho '{mark}'\n")).collect();
    let script = script.replace("localhost:8000", platform.base("auth").trim_start_matches("http://"));
    let script = script.replace("localhost:8002", platform.base("reservation").trim_start_matches("http://"));
    let output = tokio::task::spawn_blocking(move || Command::new("sh").arg("-c").arg(script).output().expect("sh")).await.expect("ran");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let answers: Vec<&str> = said.split(&format!("{mark}\n")).collect();
    for ((commands, expected), answer) in blocks.iter().zip(answers) {
        assert_eq!(
            answer.trim_end(),
            expected.as_deref().unwrap_or("").trim_end(),
            "{commands}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    platform.stop().await;
}
