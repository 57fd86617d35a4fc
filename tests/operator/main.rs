//! The operator against a real control plane: kube-apiserver, etcd, kube-controller-manager, kube-scheduler, with a simulated node.
//!
//! The operator runs in this process, over a wire that can count and fail. Without Java and Maven there is no Apache Kafka: the scenarios
//! that need it report this, and count as ignored.

#[path = "../kafka/apache.rs"]
#[allow(dead_code, reason = "the logins are of the test binary kafka")]
mod apache;
mod log;
mod normal;
mod simulated;
mod wire;
mod world;

mod backup;
mod deletion;
mod drift;
mod events;
mod examples;
mod faults;
mod fields;
mod golden;
mod house;
mod interleavings;
mod leader;
mod outage;
mod races;
#[path = "../reservation/declared/random.rs"]
mod random;
mod ready;
mod refused;
mod rights;
mod rollouts;
mod settled;
mod states;
mod tenants;
mod upgrade;
mod volumes;

use std::process::ExitCode;
use std::sync::Arc;

use backup::{before, restore};
use libtest_mimic::{Arguments, Trial};
use world::{Place, World};

/// Each scenario gets a namespace of its own.
macro_rules! scenarios {
    ($runtime:expr, $world:expr, $($module:ident::$scenario:ident),* $(,)?) => {
        vec![$({
            let (runtime, world): (Arc<tokio::runtime::Runtime>, Option<Arc<World>>) = ($runtime.clone(), $world.clone());
            Trial::test(concat!(stringify!($module), "::", stringify!($scenario)), move || {
                let world = world.ok_or("there is no Apache Kafka")?;
                // The scenario runs on this thread and not as a task: the compiler does not accept closures that borrow the awaited value
                // in a task.
                runtime.block_on(async {
                    let place: Place = world.place(stringify!($scenario)).await;
                    $module::$scenario(&place).await;
                });
                Ok(())
            })
        }),*]
    };
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each scenario spends most of its time waiting for the control plane.
    arguments.test_threads = arguments.test_threads.or(Some(4));
    log::start();
    let runtime = Arc::new(tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime"));
    let jars = if arguments.list { Err("only a list is wanted".to_owned()) } else { apache::jars() };
    if let (Err(missing), false) = (&jars, arguments.list) {
        eprintln!("The tests of the operator are skipped, since topics need a broker: {missing}.");
    }
    let world = jars.as_ref().ok().map(|jars| {
        let node = Arc::new(apache::Node::start(jars));
        Arc::new(runtime.block_on(World::start(Some(node))))
    });
    let trials = scenarios!(
        runtime,
        world,
        ready::the_smallest_resource,
        examples::minimal,
        examples::trattoria,
        examples::external,
        examples::production,
        examples::a_broker_with_a_login,
        examples::d14_topics_are_made_again_on_a_broker_that_came_back_empty,
        fields::every_field_has_a_row,
        fields::each_field_there_and_back,
        golden::the_definition,
        golden::the_plans,
        golden::the_plans_are_accepted,
        golden::what_was_accepted_still_is,
        backup::the_first_the_scheduled_and_those_that_are_asked_for,
        backup::an_archive_that_is_late_is_told,
        backup::metrics_tell_of_backups_as_long_as_there_are_any,
        backup::another_release_restarts_no_database,
        backup::a_settled_backup_costs_no_write,
        before::a_migration_waits_for_the_backup_before_it,
        before::a_migration_does_not_run_where_the_backup_before_it_fails,
        before::the_data_that_a_deleted_resource_left_is_backed_up_first,
        backup::backups_are_verified_by_a_schedule,
        backup::what_cannot_be_backed_up_is_refused,
        backup::backups_of_cloud_native_pg_are_made_and_told,
        backup::settled_backups_of_cloud_native_pg_cost_no_write,
        backup::what_barman_cloud_cannot_do_is_refused,
        restore::three_databases_are_restored_to_one_moment,
        restore::a_moment_outlives_the_operator,
        restore::nothing_is_restored_onto_data,
        restore::a_restore_is_not_taken_out_while_a_database_is_not_restored,
        restore::a_moment_that_there_is_not_makes_nothing,
        restore::claims_are_waited_for_until_they_are_released,
        backup::keys_come_back_from_an_encrypted_backup,
        backup::keys_are_made_where_the_backups_hold_none,
        backup::keys_that_cannot_be_opened_are_told,
        house::what_is_declared_is_applied_and_told,
        house::edits_in_quick_succession_end_in_the_last,
        house::a_house_that_fails_stops_no_rollout,
        house::a_random_house_in_the_resource_is_the_one_that_the_api_makes,
        upgrade::migrations_run_before_the_new_version,
        rollouts::d11_a_new_default_version_rolls_out_a_few_at_a_time,
        rollouts::d24_an_evicted_migration_is_run_again,
        rollouts::d13_pods_read_the_settings_of_their_own_version,
        upgrade::a_failed_migration_leaves_the_old_version,
        upgrade::a_failed_migration_is_tried_again_by_deleting_its_job,
        upgrade::pods_that_never_become_available,
        upgrade::storage_grows_where_its_class_can,
        upgrade::a_rotated_secret_replaces_the_pods_that_use_it,
        upgrade::a_rotated_database_url_replaces_the_pods_of_its_service,
        upgrade::d32_secrets_of_others_are_read_again_only_when_they_change,
        upgrade::nothing_is_done_while_it_is_paused,
        drift::what_is_deleted_comes_back,
        drift::what_is_deleted_of_other_products_comes_back,
        drift::edited_metadata_is_put_back,
        drift::edited_metadata_of_other_products_is_put_back,
        drift::what_is_edited_is_put_back,
        drift::what_is_edited_of_other_products_is_put_back,
        drift::a_deleted_volume_is_waited_for,
        drift::a_lost_credential_is_made_anew,
        drift::a_password_that_is_set_by_hand_counts,
        drift::a_volume_that_was_grown_by_hand_stays,
        drift::an_object_of_anothers_is_never_taken_over,
        drift::what_is_no_longer_wanted_goes,
        deletion::a_resource_that_is_replaced_starts_anew,
        deletion::b10_a_namespace_that_refuses_does_not_stop_a_release,
        deletion::data_is_retained,
        deletion::everything_is_deleted,
        deletion::data_of_other_products_is_retained_or_deleted,
        deletion::d01_the_finalizer_follows_the_policy_and_data_has_no_owner,
        deletion::d01_delete_that_becomes_retain_unseen_keeps_the_data,
        deletion::d01_delete_counts_whatever_state_the_resource_is_in,
        deletion::d01_an_edit_to_retain_counts_as_long_as_anything_is_left,
        deletion::a_namespace_goes_without_the_operator,
        deletion::two_resources_do_not_disturb_each_other,
        outage::d05_services_are_cared_for_while_a_dependency_is_away,
        outage::d05_a_new_version_waits_and_the_old_one_is_cared_for,
        outage::pods_do_not_move_to_a_broker_that_is_away,
        outage::d33_one_refused_object_holds_up_no_other_service,
        outage::d21_an_affinity_that_cannot_be_read_stops_no_other_service,
        volumes::a7_files_of_another_major_version_are_left_alone,
        volumes::d03_another_major_version_is_refused_and_nothing_stops,
        volumes::d03_a_version_that_is_left_out_is_the_volumes,
        volumes::d04_a_raised_default_is_that_of_new_volumes,
        refused::every_bound_of_the_definition,
        refused::every_rule_of_the_definition,
        refused::what_may_change_and_what_may_not,
        refused::a_missing_secret_is_noticed_at_once,
        refused::what_cannot_be_used_is_named,
        refused::a_malformed_resource_and_kinds_that_come_later,
        races::d28_what_is_made_before_a_creation_arrives_is_not_taken_over,
        races::d28_what_replaced_an_object_before_a_change_arrives_is_not_taken_over,
        races::d28_what_was_created_can_lose_fields,
        races::d28_a_secret_that_lost_its_labels_keeps_its_value,
        races::d34_events_that_a_watch_lost_are_found_by_the_next_list,
        interleavings::every_interleaving_ends_the_same,
        races::d08_what_goes_before_the_answer_to_a_write_comes_back,
        settled::nothing_is_asked_while_nothing_happens,
        settled::nothing_is_asked_on_the_way_to_ready,
        settled::d10_nothing_is_written_or_asked_by_a_restart,
        settled::nothing_is_written_by_a_change_of_leaders,
        settled::what_others_add_stays,
        settled::d12_fields_of_others_survive_a_refusal_that_is_mended,
        settled::an_injected_sidecar_stays,
        settled::replicas_are_the_autoscalers_where_there_is_one,
        settled::an_autoscaler_takes_over_what_runs,
        events::a_failure_is_told_of,
        events::a_state_that_flaps_is_no_flood,
        faults::every_request_fails_once,
        faults::every_request_of_a_start_fails_once,
        faults::killed_at_every_third_request,
        faults::the_api_server_goes_and_comes_back,
        faults::storms_are_met_with_patience,
        faults::broken_resources_hold_up_no_other,
        leader::another_takes_over,
        leader::d16_of_two_releases_that_overlap_the_second_gives_way,
        leader::nothing_is_written_without_the_lease,
        leader::a_watch_that_is_cut,
        leader::a_namespace_that_is_cut_off,
        leader::a_watch_that_is_silent,
        leader::watches_are_narrow,
        states::d22_a_tool_that_waits_ends_on_every_state,
        states::d22_a_database_that_does_not_become_ready_in_time_stalls,
        states::d22_what_is_exposed_is_observed,
        states::d35_volumes_are_told_of,
        states::d23_a_deleted_resource_is_counted_no_more,
        tenants::d07_a_tenant_learns_no_secret_that_was_not_released,
        tenants::d07_the_label_can_be_done_without,
        tenants::d07_images_and_labels_of_pods_are_those_that_are_allowed,
        tenants::a_claim_of_anothers_is_mounted_nowhere,
        tenants::d26_no_hash_of_a_password_is_in_what_viewers_read,
        rights::of_a_whole_cluster,
        rights::of_namespaces,
        rights::a_namespace_without_rights,
    );
    let trials = trials.into_iter().map(|trial| if jars.is_err() { trial.with_ignored_flag(true) } else { trial }).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(world);
    conclusion.exit_code()
}
