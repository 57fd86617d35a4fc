//! The pages in a browser: Debian's Chromium with its driver. Where they are missing, the tests say so and count as ignored.

mod evening;
mod flows;
mod gallery;
mod hosts;
mod house;
mod laptop;
mod programs;
mod session;
mod setup;
mod staff_gallery;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use crate::programs::{Driver, Programs};

/// What each test has at hand.
#[derive(Clone)]
pub(crate) struct Browsers {
    programs: Arc<Programs>,
    driver: Arc<Driver>,
}

impl Browsers {
    /// A window that asks these services, and nobody else.
    pub(crate) async fn open(&self, homes: &[&str]) -> session::Session {
        session::Session::new(&self.programs, &self.driver, homes).await
    }
}

macro_rules! trials {
    ($browsers:expr, $($module:ident::$test:ident),* $(,)?) => {
        vec![$({
            let browsers: Option<Browsers> = $browsers.clone();
            Trial::test(concat!(stringify!($module), "::", stringify!($test)), move || {
                let browsers = browsers.ok_or("there is no browser")?;
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
                runtime.block_on($module::$test(browsers));
                Ok(())
            })
        }),*]
    };
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each has a browser of its own.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let programs = if arguments.list { Err("only a list is wanted".to_owned()) } else { Programs::find() };
    if let (Err(missing), false) = (&programs, arguments.list) {
        eprintln!("The tests in a browser are skipped: {missing}.");
        // Where everything must pass, nothing is skipped.
        if std::env::var_os("BROWSER_REQUIRED").is_some() {
            return ExitCode::FAILURE;
        }
    }
    let browsers = programs.ok().map(|programs| Browsers { driver: Arc::new(programs.drive()), programs: Arc::new(programs) });
    let skipped = browsers.is_none();
    let trials = trials!(
        browsers,
        flows::a_guest_books_changes_and_cancels_without_script,
        flows::a_guest_books_by_keyboard_alone,
        flows::an_administrator_adds_prices_and_deletes_a_dish_by_keyboard_without_script,
        flows::of_two_browsers_that_race_for_the_last_table_the_loser_is_offered_the_next_times,
        laptop::a_guest_of_the_trattoria_books_by_telephone_and_changes_and_cancels_by_mail,
        hosts::an_evening_of_the_trattoria_on_two_tablets,
        evening::hosts_use_every_page_in_every_state,
        evening::without_a_broker_the_page_asks_and_without_a_network_it_catches_up_with_no_reload,
        evening::a_tap_on_one_screen_is_on_the_other_and_a_lost_service_leaves_the_sheet,
        setup::an_administrator_sets_up_the_house_in_every_state,
        setup::a_house_is_set_up_by_keyboard_alone_without_script,
        setup::a_host_works_the_evening_by_keyboard_alone_without_script,
        gallery::every_page_in_every_state_is_for_everybody,
        staff_gallery::the_staff_use_every_page_of_accounts,
        staff_gallery::administrators_use_every_page_of_dishes,
    );
    let trials = trials.into_iter().map(|trial| if skipped { trial.with_ignored_flag(true) } else { trial }).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(browsers);
    conclusion.exit_code()
}
