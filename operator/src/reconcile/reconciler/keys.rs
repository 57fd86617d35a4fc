//! The keys that come with encrypted backups. A Job reports them as they were sealed, since it has no rights at the API server, and many people
//! may read its Pod. They are opened here, and stand in for the Secrets that the resource lacks.

use std::collections::BTreeMap;

use tracing::info;

use crate::reconcile::held::in_backups;
use crate::reconcile::kind::Kind;
use crate::reconcile::observe::State;
use crate::reconcile::platform::{Platform, Restore};
use crate::reconcile::reason::RESTORE_FAILED;
use crate::reconcile::references::{References, SecretData};
use crate::reconcile::service::Service;
use crate::reconcile::status::{Chosen, Report, Steps};
use crate::reconcile::step::Step;
use crate::reconcile::validate::restore_hash;
use crate::reconcile::wanted::Wanted;

use super::Round;

impl Round<'_> {
    /// The Secrets that the backups of the restore hold, where an earlier round has opened them.
    pub(super) fn opened_keys(&self) -> Option<BTreeMap<String, SecretData>> {
        let hash = restore_hash(self.resource.spec.restore.as_ref()?);
        let opened = self.context.remember(self.owner, |remembered| remembered.opened.clone());
        opened.filter(|(source, _)| *source == hash).map(|(_, secrets)| secrets)
    }

    /// The moment of the restore, once the keys that come with the backups are in their Secrets: the Jobs that told of them go when it is chosen.
    pub(super) async fn after_keys(
        &self,
        platform: &Platform,
        references: &References,
        objects: &[Wanted],
        steps: &mut Steps,
        chosen: Option<Chosen>,
    ) -> Option<Chosen> {
        let (Some(Restore::Look(source)), Some(chosen)) = (&platform.restore, chosen) else { return None };
        // Others look first.
        if chosen.target.is_none() {
            return Some(chosen);
        }
        if !source.awaits_keys {
            let is_written = steps[&Step::Keys].state == State::Done;
            if is_written {
                // A Secret that is deleted from now on is made anew: whoever deletes it wants other keys.
                self.context.remember(self.owner, |remembered| remembered.opened = None);
            }
            return is_written.then_some(chosen);
        }
        let look = Step::Look(Service::Auth);
        let sealed = match &steps[&look].report {
            Some(Report::Look(report)) => report.keys.clone(),
            _ => None,
        };
        match self.open(platform, references, sealed).await {
            Ok(secrets) => {
                info!(resource = self.owner.name, namespace = self.owner.namespace, "{} Secrets come with the backups", secrets.len());
                self.context.remember(self.owner, |remembered| remembered.opened = Some((source.hash.clone(), secrets)));
                self.context.enqueue(self.owner);
            }
            Err(why) => {
                let job = objects.iter().find(|object| object.step == look && object.kind == Kind::Job);
                let job = job.map(|job| job.name.as_str()).unwrap_or_default();
                let message = format!(
                    "the keys of tokens and of links that the backup of auth holds cannot be opened: {why}. Use an operator that is as new as the \
                     one that made the backup, then delete the Job to have it look again: kubectl delete job {job}"
                );
                if let Some(look) = steps.get_mut(&look) {
                    look.state = State::Failed { reason: RESTORE_FAILED, message };
                }
            }
        }
        None
    }

    /// The Secrets that the sealed keys are; none, where the backup holds none.
    async fn open(
        &self,
        platform: &Platform,
        references: &References,
        sealed: Option<String>,
    ) -> Result<BTreeMap<String, SecretData>, String> {
        let Some(sealed) = sealed else { return Ok(BTreeMap::new()) };
        let reference =
            self.resource.spec.restore.as_ref().and_then(|restore| restore.encryption.as_ref()).map(|given| &given.key_secret_ref);
        let key = reference.and_then(|reference| references.secrets.get(&reference.name)?.get(&reference.key));
        let key = String::from_utf8(key.cloned().unwrap_or_default()).map_err(|error| error.to_string())?;
        // It takes as long as a login, and others are reconciled meanwhile.
        let opened = tokio::task::spawn_blocking(move || backup::sealed::open(&key, &sealed)).await.map_err(|error| error.to_string())?;
        Ok(secrets(platform, opened.map_err(|error| error.to_string())?))
    }
}

/// The Secrets of a resource that keys out of a backup are.
fn secrets(platform: &Platform, mut keys: backup::sealed::Keys) -> BTreeMap<String, SecretData> {
    let held = in_backups(&platform.name, platform.admin.generated).into_iter();
    let found = held.filter_map(|held| {
        let texts = keys.remove(held.folder)?;
        let data = texts.into_iter().filter(|(key, _)| held.keys.contains(&key.as_str())).map(|(key, text)| (key, text.into_bytes()));
        Some((held.name, data.collect()))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use crate::reconcile::fixture::platform;

    use super::*;

    #[test]
    fn keys_are_the_secrets_that_the_resource_generates() {
        let group = |key: &str| BTreeMap::from([(key.to_owned(), "text".to_owned()), ("other".to_owned(), "text".to_owned())]);
        let keys =
            || ["links", "admin", "others"].map(|folder| (folder.to_owned(), group(if folder == "links" { "keys" } else { "password" })));
        let data = |key: &str| SecretData::from([(key.to_owned(), b"text".to_vec())]);
        let links = ("trattoria-links".to_owned(), data("keys"));
        let admin = ("trattoria-admin".to_owned(), data("password"));
        assert_eq!(secrets(&platform("", &[]), keys().into()), [links.clone(), admin].into());
        let given = platform("admin: {passwordSecretRef: {name: boss, key: password}}", &[("boss", "password", "correct horse")]);
        assert_eq!(secrets(&given, keys().into()), [links].into());
    }
}
