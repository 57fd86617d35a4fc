//! The services of the platform. What is different about each on this machine stands here, and here alone.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use auth::config::{Administrator, Bcrypt};
use chassis::Shutdown;
use chassis::run::config::Settings;
use chassis::run::service::StartError;
use operator::api::{Component, RestaurantBookingSpec};
use reservation::config::Restaurant;
use reservation::declared::Checked;
use reservation::mail::settings::MailSettings;
use site::settings::Site;
use tokio::net::TcpListener;

/// A service of the platform.
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// What people know it as.
    pub title: &'static str,
    /// The name of its database.
    pub database: &'static str,
    /// The port that it listens on, where no other is chosen.
    pub port: u16,
    /// The flag that chooses another port, without its dashes.
    pub port_flag: &'static str,
    /// What a resource says of it.
    pub(crate) component: fn(&mut RestaurantBookingSpec) -> &mut Option<Box<Component>>,
    /// Runs it.
    pub(crate) serve: fn(&Given, Settings, TcpListener, Shutdown) -> Running,
}

/// A service that runs, or why it ended.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<(), StartError>> + Send>>;

/// What services are told beside their settings.
pub(crate) struct Given {
    /// The file of the private key.
    pub(crate) private_key: PathBuf,
    /// Who is made administrator at the first start.
    pub(crate) administrator: Administrator,
    /// How passwords are hashed.
    pub(crate) bcrypt: Bcrypt,
    /// The rules of the house.
    pub(crate) restaurant: Restaurant,
    /// The house that is declared.
    pub(crate) house: Checked,
    /// The file of the keys that sign the links of bookings.
    pub(crate) link_keys: PathBuf,
    /// How the restaurant presents itself to guests.
    pub(crate) site: Arc<Site>,
    /// How mail to guests is sent.
    pub(crate) mail: MailSettings,
}

/// How many services there are.
pub const COUNT: usize = SERVICES.len();

/// All of them, in the order in which people are told of them.
pub static SERVICES: [Service; 3] = [
    Service {
        name: "auth",
        title: "Accounts",
        database: "auth_db",
        port: auth::config::PORT,
        port_flag: "auth-port",
        component: |spec| &mut spec.auth,
        serve: |given, service, listener, shutdown| {
            let (private_key, bcrypt) = (given.private_key.clone(), given.bcrypt.clone());
            let (administrator, site) = (Some(given.administrator.clone()), Site::clone(&given.site));
            Box::pin(auth::serve(auth::Config { service, private_key, administrator, bcrypt, site }, listener, shutdown))
        },
    },
    Service {
        name: "menu",
        title: "Menu",
        database: "menu_db",
        port: menu::config::PORT,
        port_flag: "menu-port",
        component: |spec| &mut spec.menu,
        serve: |given, service, listener, shutdown| {
            let site = Site::clone(&given.site);
            Box::pin(menu::serve(menu::Config { service, site }, listener, shutdown))
        },
    },
    Service {
        name: "reservation",
        title: "Reservations",
        database: "res_db",
        port: reservation::config::PORT,
        port_flag: "reservation-port",
        component: |spec| &mut spec.reservation,
        serve: |given, service, listener, shutdown| {
            let (restaurant, link_keys) = (given.restaurant.clone(), Some(given.link_keys.clone()));
            let (site, mail) = (Site::clone(&given.site), Some(given.mail.clone()));
            let house = Some(given.house.clone());
            let config = reservation::config::Config { service, restaurant, house, link_keys, site, mail, hops: 0 };
            Box::pin(reservation::serve(config, listener, shutdown))
        },
    },
];

/// The place of a service among [`SERVICES`].
///
/// # Panics
/// Where there is none of that name.
pub(crate) fn index(name: &str) -> usize {
    SERVICES.iter().position(|service| service.name == name).unwrap_or_else(|| panic!("there is no service {name:?}"))
}
