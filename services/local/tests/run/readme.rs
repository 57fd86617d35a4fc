//! The README's first booking, word for word, but for the ports.

use std::process::Command;

use serde_json::Value;

use crate::process::Running;

/// The commands of the section, as a reader pastes them.
fn commands() -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).expect("README.md");
    let section = readme.split("## A first booking").nth(1).expect("the section");
    let block = section.split("```sh\n").nth(1).expect("its commands");
    block.split("```").next().expect("their end").to_owned()
}

#[test]
fn the_first_booking_of_the_readme() {
    let platform = Running::start(&["--ephemeral"]);
    let mut script = String::from("set -euo pipefail\n");
    script.push_str(&commands());
    for (service, port) in [("Accounts", 8000), ("Menu", 8001), ("Reservations", 8002)] {
        let base = platform.base(service);
        script = script.replace(&format!("localhost:{port}"), base.strip_prefix("http://").expect("a URL"));
    }
    // Each answer on a line of its own.
    script = script.replace("curl -s ", "curl -s -w '\\n' ");
    let ran = Command::new("bash").arg("-c").arg(&script).output().expect("bash");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    let answers: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let [table, guest, booking, refused, without_account, users] = answers.as_slice() else { panic!("{said}") };
    assert_eq!(table["table_number"], 7, "{said}");
    assert_eq!(guest["email"], "ada@example.com", "{said}");
    assert_eq!((&booking["table_id"], &booking["status"]), (&table["id"], &Value::from("pending")), "{said}");
    assert_eq!(refused["code"], "no_table_free", "{said}");
    assert_eq!((&without_account["source"], &without_account["table_id"]), (&Value::from("guest"), &table["id"]), "{said}");
    let page = platform.base("Reservations").replace("127.0.0.1", "localhost");
    assert!(without_account["manage_url"].as_str().is_some_and(|url| url.starts_with(&page)), "{said}");
    assert_eq!(users[0]["activity"]["next_reservation_time"], booking["reservation_time"], "{said}");
    platform.stop();
}
