//! The settings of the service: those that every service has, and how the restaurant presents itself.

use chassis::run::config::{Problems, ServiceArgs, Settings, Unusable};
use chassis::run::log::Log;
use clap::Args;
use site::settings::{Site, SiteArgs};

/// The port that the service listens on, where nothing else is said.
pub const PORT: u16 = 8001;

/// The settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every service is told.
    pub service: Settings,
    /// How the restaurant presents itself to guests.
    pub site: Site,
}

impl AsRef<Settings> for Config {
    fn as_ref(&self) -> &Settings {
        &self.service
    }
}

/// The settings of `menu serve` as they were given.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub service: ServiceArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub site: SiteArgs,
}

impl ServeArgs {
    /// Checks the settings.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once.
    pub fn check(&self) -> Result<(Config, Log), Unusable> {
        let mut problems = Problems::default();
        let service = self.service.check(&mut problems);
        let log = self.service.log.check(&mut problems);
        let site = self.site.check(&mut problems);
        problems.finish()?;
        Ok((Config { service, site }, log))
    }
}
