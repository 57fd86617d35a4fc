//! The verification of a resource's backups: what its Jobs said.

use backup::report::VerifyReport;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::DatabaseVerification;
use crate::reconcile::apply::Applier;
use crate::reconcile::failure::Failure;
use crate::reconcile::observe::{Attempt, State};
use crate::reconcile::platform::{Platform, Verify};
use crate::reconcile::reason::{VERIFICATION_FAILED, VERIFICATION_LATE};
use crate::reconcile::service::Service;
use crate::reconcile::status::Report;
use crate::reconcile::step::Step;
use crate::reconcile::wanted::Wanted;

use super::Round;
use super::backup::{done, whole, why};

impl Round<'_> {
    /// The state of the verification of a database's backups: that of the last Job of its schedule that ended. What a Job said is read once,
    /// and stands in the status from then on.
    pub(super) async fn verified(
        &self,
        applier: &Applier<'_>,
        platform: &Platform,
        service: Service,
        objects: &[&Wanted],
    ) -> Result<(State, Option<Report>), Failure> {
        let verified = platform.backup.as_ref().and_then(|backup| Some((backup, backup.verify.as_ref()?)));
        let Some((backup, verify)) = verified else { return Ok((State::Done, None)) };
        // Before the first backup there is nothing to verify.
        let known = self.known(backup, service).and_then(|known| known.verification.clone());
        let Some(mut now) = known else { return Ok((first(verify, service), None)) };
        let last = objects.iter().filter_map(|object| applier.last_seen(object)?.runs?.last).max_by_key(|attempt| attempt.at);
        // The schedule outlives a change of the place: its controller also tells of the backups in the former one.
        let before = now.last_attempt.as_ref().or(now.since.as_ref()).map(|time| time.0);
        if let Some(last) = last.filter(|last| before.is_none_or(|before| whole(last.at) > before)) {
            let words = applier.said_by(Step::Verify(service), &format!("{}-verify", service.as_str())).await?;
            let words: Vec<_> = words.into_iter().map(|words| words.message).collect();
            tell(&mut now, last, &words);
        }
        let state = judged(&now, verify, service, Timestamp::now());
        Ok((state, Some(Report::Verified(now))))
    }
}

/// What the last attempt made of the verification, by what its Pods said, the last first.
fn tell(verification: &mut DatabaseVerification, last: Attempt, words: &[String]) {
    verification.last_attempt = Some(Time(whole(last.at)));
    if !last.succeeded {
        verification.failure = Some(if words.is_empty() {
            "none of its Pods is left; one that had no volume or no room on its node was given up after six hours: kubectl get events"
                .to_owned()
        } else {
            why::<VerifyReport>(words)
        });
        return;
    }
    let report = done::<VerifyReport>(words);
    verification.failure = None;
    verification.last_verified = verification.last_attempt.clone();
    verification.rows = report.as_ref().map(|report| report.rows.values().sum());
    verification.backup = report.map(|report| report.backup);
}

fn judged(verification: &DatabaseVerification, verify: &Verify, service: Service, now: Timestamp) -> State {
    if let Some(failure) = &verification.failure {
        let message = format!("the last verification of the backups of {} failed: {failure}", service.as_str());
        return State::Failed { reason: VERIFICATION_FAILED, message };
    }
    let verified = verification.last_verified.as_ref();
    let is_late = |since: &Time| since.0.saturating_add(verify.late_after).unwrap_or(Timestamp::MAX) < now;
    match verified.or(verification.since.as_ref()) {
        Some(since) if is_late(since) => {
            let message = format!(
                "no backup of {} was verified since {}, though that was due by the schedule {:?}; kubectl describe cronjob says why",
                service.as_str(),
                since.0,
                verify.schedule
            );
            State::Failed { reason: VERIFICATION_LATE, message }
        }
        _ if verified.is_some() => State::Done,
        _ => first(verify, service),
    }
}

fn first(verify: &Verify, service: Service) -> State {
    State::Waiting(format!("the first verification of {} comes by the schedule {:?}", service.as_str(), verify.schedule))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_verification_is_told_by_what_its_pod_said() {
        let report = r#"{"outcome":"done","database":"auth","backup":"20261130-030003F","newest":"2026-11-30T04:00:00Z","rows":{"user":800,"x":12},"seconds":7}"#;
        let failure = r#"{"outcome":"failed","reason":"Damaged","message":"it has no rows","retry":false}"#;
        let mut verification = DatabaseVerification::default();
        tell(&mut verification, Attempt { at: at("2026-11-30T04:01:05.7Z"), succeeded: true }, &[report.to_owned()]);
        assert_eq!(verification.last_verified, Some(Time(at("2026-11-30T04:01:05Z"))));
        assert_eq!((verification.rows, verification.backup.as_deref()), (Some(812), Some("20261130-030003F")));
        // A failure takes nothing from what was verified.
        tell(&mut verification, Attempt { at: at("2026-12-07T04:00:00Z"), succeeded: false }, &[failure.to_owned(), report.to_owned()]);
        assert_eq!((verification.failure.as_deref(), verification.rows), (Some("it has no rows"), Some(812)));
        tell(&mut verification, Attempt { at: at("2026-12-14T04:00:00Z"), succeeded: false }, &[]);
        assert!(verification.failure.as_deref().is_some_and(|why| why.contains("no volume")), "{verification:?}");
        // Nothing is said of another backup than the one that was verified.
        tell(&mut verification, Attempt { at: at("2026-12-21T04:00:00Z"), succeeded: true }, &[]);
        assert_eq!((verification.failure, verification.rows, verification.backup), (None, None, None));
        assert_eq!(verification.last_verified, Some(Time(at("2026-12-21T04:00:00Z"))));
    }

    #[test]
    fn a_verification_is_late_after_two_rounds_of_its_schedule() {
        let verify = Verify { schedule: "0 5 * * 1".to_owned(), late_after: 15 * DAY };
        let time = |text: &str| Some(Time(at(text)));
        let judge = |verification: &DatabaseVerification, days: u32| {
            judged(verification, &verify, Service::Menu, at("2026-11-30T04:00:00Z") + days * DAY)
        };
        let mut verification = DatabaseVerification { since: time("2026-11-30T04:00:00Z"), ..Default::default() };
        assert!(matches!(judge(&verification, 15), State::Waiting(message) if message.contains("first verification of menu")));
        let late = |state: State| matches!(state, State::Failed { reason: VERIFICATION_LATE, .. });
        assert!(late(judge(&verification, 16)));
        verification.last_verified = time("2026-12-01T04:00:00Z");
        assert_eq!(judge(&verification, 16), State::Done);
        assert!(late(judge(&verification, 17)));
        verification.failure = Some("why".to_owned());
        assert!(matches!(judge(&verification, 17), State::Failed { reason: VERIFICATION_FAILED, message } if message.contains("why")));
    }
}
