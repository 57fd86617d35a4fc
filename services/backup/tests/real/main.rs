//! Our program with a real PostgreSQL, a real pgBackRest and a real object storage. Where they are missing, the tests say so and count as
//! ignored.

mod cluster;
mod gateway;
mod keeping;
mod outages;
mod programs;
mod repository;
mod restoring;
mod storing;
mod traffic;
mod watch;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use crate::programs::Programs;

/// What each test has at hand.
#[derive(Clone, Debug)]
pub(crate) struct Arranged {
    pub(crate) programs: Arc<Programs>,
}

macro_rules! trials {
    ($programs:expr, $($module:ident::$test:ident),* $(,)?) => {
        vec![$({
            let programs: Option<Arc<Programs>> = $programs.clone();
            Trial::test(concat!(stringify!($module), "::", stringify!($test)), move || {
                let programs = programs.ok_or("there is no pgBackRest")?;
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
                runtime.block_on($module::$test(Arranged { programs }));
                Ok(())
            })
        }),*]
    };
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each has databases of its own.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let programs = if arguments.list { Err("only a list is wanted".to_owned()) } else { Programs::find() };
    let storage = programs.as_ref().map_err(Clone::clone).and_then(|programs| programs.versitygw.clone());
    let former = programs.as_ref().map_err(Clone::clone).and_then(|programs| programs.former.clone());
    // Where everything must pass, nothing is skipped.
    let required = std::env::var_os("BACKUP_REQUIRED").is_some();
    for missing in [&storage, &former].into_iter().filter(|_| !arguments.list).filter_map(|one| one.as_ref().err()) {
        eprintln!("Tests of backups are skipped: {missing}.");
        if required {
            return ExitCode::FAILURE;
        }
    }
    let programs = programs.ok().map(Arc::new);
    let with_folders = trials!(
        programs,
        restoring::of_three_databases_everything_is_there_until_one_moment_and_nothing_later,
        restoring::a_moment_out_of_reach_is_refused_with_what_is_in_reach,
        restoring::nothing_is_restored_onto_data_and_the_same_restore_is_done_once,
        restoring::a_restore_that_is_killed_anywhere_begins_anew,
        restoring::the_newest_backup_is_verified_and_counted_beside_the_database,
        restoring::a_backup_without_rows_or_of_a_cut_table_is_not_verified,
        keeping::what_neither_count_nor_age_wants_is_removed_with_its_log,
        keeping::only_the_key_opens_an_encrypted_backup,
        keeping::two_backups_at_once_are_made_one_after_the_other,
        keeping::keys_come_with_an_encrypted_backup_and_with_no_other,
        keeping::a_repository_belongs_to_one_database,
        keeping::a_failure_says_which_setting_and_what_to_do,
        storing::a_database_that_was_just_started_is_archived_in_time,
    );
    let with_storage = trials!(
        programs,
        storing::an_object_storage_with_an_authority_of_its_own_holds_backups,
        storing::a_storage_that_refuses_is_told_from_one_that_is_away,
        outages::a_slow_connection_is_waited_for_and_one_that_is_cut_is_told,
        outages::a_storage_that_takes_connections_and_says_nothing_is_given_up,
        outages::a_lost_connection_stops_no_database_is_told_and_is_caught_up,
    );
    let with_former = trials!(programs, restoring::a_repository_of_another_major_version_tells_which);
    // A right that nobody can install.
    let mounts = if arguments.list { Ok(()) } else { gateway::may_mount() };
    if let (Err(missing), Ok(_)) = (&mounts, &storage) {
        eprintln!("The test of a full storage is skipped, since no disk can be mounted for it: {missing}");
    }
    let with_a_disk = trials!(programs, outages::a_full_storage_stops_no_database_is_told_and_is_caught_up);
    let ignored = |trials: Vec<Trial>, ignored: bool| {
        trials.into_iter().map(move |trial| if ignored { trial.with_ignored_flag(true) } else { trial })
    };
    let trials = ignored(with_folders, programs.is_none())
        .chain(ignored(with_storage, storage.is_err()))
        .chain(ignored(with_former, former.is_err()))
        .chain(ignored(with_a_disk, storage.is_err() || mounts.is_err()));
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
