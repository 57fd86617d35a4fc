//! What is tried, in this order: each scenario finds, or makes, the operator and the restaurants that it needs.

mod backup;
mod cloud_native_pg;
mod cloud_native_pg_failover;
mod drift;
mod house;
mod install;
mod kills;
mod migration;
mod neighbours;
mod pages;
mod removal;
mod rotation;
mod scaling;
mod security;
mod upgrade;

use std::future::Future;
use std::pin::Pin;

use crate::Result;
use crate::world::World;

/// A scenario.
type Scenario = for<'w> fn(&'w World) -> Pin<Box<dyn Future<Output = Result<()>> + 'w>>;

macro_rules! scenarios {
    ($($module:ident::$scenario:ident),* $(,)?) => {
        vec![$((concat!(stringify!($module), "::", stringify!($scenario)), |world| Box::pin($module::$scenario(world)))),*]
    };
}

/// Their names and what they do.
pub(crate) fn all() -> Vec<(&'static str, Scenario)> {
    scenarios![
        install::a_restaurant_opens,
        pages::a_guest_books_through_the_ingress,
        security::pods_are_restricted_and_have_no_rights,
        security::network_policies_let_through_what_is_needed,
        upgrade::each_service_under_load,
        house::hours_and_floor_are_edited_under_load,
        house::an_image_of_before_serves_the_house_as_it_is,
        kills::each_kind_of_pod_under_load,
        drift::edited_and_deleted_children_are_put_back,
        drift::a_settled_restaurant_costs_no_write,
        drift::a_paused_restaurant_is_left_alone,
        migration::the_old_version_serves_while_one_fails,
        rotation::a_database_password_under_load,
        rotation::the_keys_of_tokens,
        rotation::d15_the_administrators_password,
        scaling::by_hand,
        scaling::by_an_autoscaler_under_load,
        neighbours::two_in_one_namespace_and_one_in_another,
        backup::everything_is_lost_under_load_and_comes_back_as_it_was_at_a_moment,
        removal::retained_data_is_found_again,
        removal::deleted_data_is_gone,
        removal::the_operator_before_the_restaurants,
        removal::everything_in_the_documented_order,
        cloud_native_pg::guests_use_a_restaurant,
        cloud_native_pg::two_addresses_that_differ_in_case_are_one_account,
        cloud_native_pg::a_missing_replica_stops_no_care,
        cloud_native_pg_failover::no_acknowledged_booking_is_lost,
    ]
}
