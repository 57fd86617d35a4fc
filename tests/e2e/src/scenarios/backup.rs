//! A restaurant that is lost with its namespace, and comes back from its backups.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use e2e::Booked;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::PersistentVolume;
use kube::api::{Api, ListParams};
use serde_json::{Value, json};

use crate::command::kubectl;
use crate::doors::SERVICES;
use crate::restaurant::{Restaurant, spec};
use crate::storage::{self, Key, Storage};
use crate::visitors::{Faults, Traffic};
use crate::world::{World, ensure, eventually};
use crate::{Result, metrics};

use super::removal;

/// The namespace that is lost, and the one in which the restaurant is found again.
const LOST: &str = "e2e-lost";
const FOUND: &str = "e2e-found";
/// The folder of the backups.
const FOLDER: &str = "e2e-lost/trattoria";
/// The base backups that are kept.
const KEPT: usize = 2;
/// The 32 guests may make 640 bookings within an hour, and book until the schedule has made its backups.
const LOAD: [&str; 2] = ["--bookings-per-second=1", "--logins-per-second=0.2"];
/// Bookings that are made after the moment, and lost.
const LATER: usize = 20;
/// How long backups and restores may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// While guests book, backups are made and verified by schedule and archived by the second, and as many are kept as the resource asks for. Then all
/// goes: the namespace with its volumes, and guests meanwhile. A resource of another name in another namespace brings back a chosen moment:
/// each booking that was acknowledged until then is there, none that was sent later is, and nobody gets the number of a lost one. Without
/// the key nobody reads the backups. A restore onto data is refused and changes nothing.
pub(crate) async fn everything_is_lost_under_load_and_comes_back_as_it_was_at_a_moment(world: &World) -> Result<()> {
    world.remove(&[LOST, FOUND, storage::NAMESPACE]).await?;
    let storage = world.storage().await?;
    let (booked, moment) = lose(world, &storage).await?;
    unreadable(world, &storage).await?;
    let restaurant = restore(world, &storage, moment).await?;
    compare(&restaurant, &booked, moment).await?;
    go_on(&restaurant, &booked).await?;
    refuse(&restaurant, &storage).await?;
    if world.settings.keep { Ok(()) } else { world.remove(&[LOST, FOUND, storage::NAMESPACE]).await }
}

/// A restaurant that is backed up goes with its namespace while guests book: what was acknowledged to them, and the moment that is wanted.
async fn lose(world: &World, storage: &Storage) -> Result<(Vec<Booked>, Timestamp)> {
    world.namespace(LOST).await?;
    storage.admit(LOST).await?;
    let mut spec = spec("trattoria", 1);
    spec["backup"] = json!({
        "schedule": "* * * * *", "retention": {"count": KEPT}, "maxLoss": "10s", "verify": {"schedule": "* * * * *"},
        "storage": {"s3": storage.folder(FOLDER)}, "encryption": Key::Right.encryption(),
    });
    let restaurant = world.restaurant_of(LOST, "trattoria", &spec).await?;
    let traffic = restaurant.traffic(Faults::Allowed, &LOAD).await?;
    let log = traffic.follow()?;
    restaurant.becomes("BackupReady", "True", "Available", PATIENCE).await?;
    world.tell("guests book, and BackupReady is True");
    back_up(&restaurant, storage).await?;
    let said = restaurant.becomes("BackupVerified", "True", "Available", PATIENCE).await?;
    world.tell(format!("BackupVerified is True: {}", said.message));
    let moment = choose(&restaurant, &traffic).await?;
    world.remove(&[LOST]).await?;
    let volumes = async || {
        let volumes = Api::<PersistentVolume>::all(world.client.clone()).list(&ListParams::default()).await?;
        let of = |volume: &PersistentVolume| volume.spec.as_ref()?.claim_ref.as_ref()?.namespace.clone();
        Ok((!volumes.iter().any(|volume| of(volume).as_deref() == Some(LOST))).then_some(()))
    };
    eventually("the volumes are gone", PATIENCE, volumes).await?;
    world.tell(format!("the namespace {LOST} is gone, with all volumes"));
    Ok((Booked::all(&log.await??), moment))
}

/// Waits until the schedule has made more base backups than are kept, and as many are there as are wanted.
async fn back_up(restaurant: &Restaurant<'_>, storage: &Storage) -> Result<()> {
    let mut made = BTreeSet::new();
    let enough = async || {
        made.extend(newest(restaurant).await?.into_iter().filter(|(service, _)| service == "reservation"));
        Ok((made.len() > KEPT).then_some(()))
    };
    eventually("more backups are made by schedule than are kept", PATIENCE, enough).await?;
    for (service, _) in SERVICES {
        let kept = async || {
            let kept = storage.backups(FOLDER, service).await?;
            if kept == KEPT { Ok(Some(())) } else { Err(format!("{kept}").into()) }
        };
        eventually(&format!("{KEPT} base backups of {service} are kept"), PATIENCE, kept).await?;
    }
    let jobs = Api::<Job>::namespaced(restaurant.world.client.clone(), LOST).list(&ListParams::default()).await?;
    let mut times = Vec::new();
    for (service, _) in SERVICES {
        let times_of_service = jobs.iter().filter_map(|job| {
            let by_schedule = job.metadata.owner_references.iter().flatten().any(|owner| owner.kind == "CronJob");
            let component = job.metadata.labels.as_ref()?.get("app.kubernetes.io/component")?;
            let status = job.status.as_ref().filter(|_| by_schedule && *component == format!("{service}-backup"))?;
            Some(status.completion_time.as_ref()?.0.duration_since(status.start_time.as_ref()?.0).as_secs())
        });
        let seconds = times_of_service.max().ok_or_else(|| format!("no backup of {service} was made by schedule"))?;
        times.push(format!("{service} {seconds} s"));
    }
    let size = restaurant.status().await?["backup"]["size"].as_str().unwrap_or_default().to_owned();
    let world = restaurant.world;
    world.tell(format!("backups by schedule under load, from the start of their Jobs: {}", times.join(", ")));
    let bucket = storage.size().await? as f64 / 1024.0;
    world.tell(format!("{KEPT} base backups of each database are kept: {size}; with the log in between the bucket has {bucket:.1} MiB"));
    Ok(())
}

/// The newest base backup of each database, with the name of its service.
async fn newest(restaurant: &Restaurant<'_>) -> Result<Vec<(String, String)>> {
    let databases = restaurant.status().await?["backup"]["databases"].clone();
    let of = |one: &Value| Some((one["name"].as_str()?.to_owned(), one["backup"].as_str()?.to_owned()));
    Ok(databases.as_array().into_iter().flatten().filter_map(of).collect())
}

/// Chooses a booking soon after a base backup, waits until the moment of its acknowledgement can be restored, and has guests book on.
async fn choose(restaurant: &Restaurant<'_>, traffic: &Traffic<'_>) -> Result<Timestamp> {
    let before = newest(restaurant).await?;
    // Then no more than one of each database is made before everything is lost, and what the moment needs is kept.
    let all_other = async || {
        let now = newest(restaurant).await?;
        Ok((now.len() == SERVICES.len() && now.iter().all(|backup| !before.contains(backup))).then_some(()))
    };
    eventually("each database has another base backup", PATIENCE, all_other).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let chosen = Booked::all(&traffic.log().await?).pop().ok_or("nobody has booked")?;
    // Resources have moments by the microsecond.
    let moment = Timestamp::from_microsecond(chosen.acknowledged.as_microsecond() + 1)?;
    let path = format!("/api/v1/namespaces/{LOST}/services/{}:8080/proxy/metrics", restaurant.part("backup"));
    let restorable = async || {
        let text = kubectl(&["get", "--raw", &path]).await?;
        let moments: Vec<f64> = metrics::of(&text, "backup_newest_restorable_timestamp_seconds").map(|(_, value)| value).collect();
        let of_all = moments.iter().copied().reduce(f64::min).unwrap_or_default();
        Ok((moments.len() == SERVICES.len() && of_all > moment.as_duration().as_secs_f64()).then_some(of_all))
    };
    let restorable = eventually("the moment can be restored", PATIENCE, restorable).await?;
    let ahead = restorable - moment.as_duration().as_secs_f64();
    restaurant.world.tell(format!("booking {} is chosen, acknowledged at {moment}; newestRestorable is {ahead:.1} s later", chosen.code));
    let more = async || {
        let later = Booked::all(&traffic.log().await?).iter().filter(|booked| booked.sent > moment).count();
        Ok((later >= LATER).then_some(()))
    };
    eventually("guests book on", PATIENCE, more).await?;
    Ok(moment)
}

/// A restaurant that begins with the backups.
fn rebuilt(storage: &Storage, key: Option<Key>) -> Value {
    let mut spec = spec("rebuilt", 1);
    spec["restore"] = json!({"s3": storage.folder(FOLDER)});
    if let Some(key) = key {
        spec["restore"]["encryption"] = key.encryption();
    }
    spec
}

/// Without the key there is nothing to be read, and who restores with another one, or with none, is told.
async fn unreadable(world: &World, storage: &Storage) -> Result<()> {
    let (files, plain) = storage.files(FOLDER).await?;
    ensure(!files.is_empty() && plain.is_empty(), || format!("of {} files these are not encrypted: {plain:?}", files.len()))?;
    world.tell(format!("all {} files in the bucket are encrypted", files.len()));
    world.namespace(FOUND).await?;
    storage.admit(FOUND).await?;
    for (name, key) in [("wrong-key", Some(Key::Wrong)), ("no-key", None)] {
        let restaurant = Restaurant { world, namespace: FOUND.to_owned(), name: name.to_owned() };
        let mut spec = rebuilt(storage, key);
        spec["deletionPolicy"] = json!("Delete");
        restaurant.apply(&spec).await?;
        let told = restaurant.becomes("Restored", "False", "RestoreFailed", PATIENCE).await?;
        ensure(told.message.contains("cannot be decrypted"), || format!("{name}: {told:?}"))?;
        world.tell(format!("{name}: {}", told.message));
        restaurant.kubectl(&["delete", "restaurantbooking", name, "--timeout=3m"]).await?;
    }
    Ok(())
}

/// Another resource in another namespace begins with the moment.
async fn restore<'w>(world: &'w World, storage: &Storage, moment: Timestamp) -> Result<Restaurant<'w>> {
    let restaurant = Restaurant { world, namespace: FOUND.to_owned(), name: "rebuilt".to_owned() };
    let mut spec = rebuilt(storage, Some(Key::Right));
    spec["restore"]["targetTime"] = json!(moment.to_string());
    let started = Instant::now();
    restaurant.apply(&spec).await?;
    let told = restaurant.becomes("Restored", "True", "Available", PATIENCE).await?;
    let restored = started.elapsed().as_secs_f64();
    restaurant.ready().await?;
    let ready = started.elapsed().as_secs_f64();
    let status = restaurant.status().await?["restore"].clone();
    let target: Timestamp = status["targetTime"].as_str().unwrap_or_default().parse()?;
    ensure(target == moment, || format!("{moment} is wanted: {status}"))?;
    let rows: i64 = status["databases"].as_array().into_iter().flatten().filter_map(|database| database["rows"].as_i64()).sum();
    world.tell(format!("kubectl apply {FOUND}/rebuilt: Restored after {restored:.1} s with {rows} rows, Ready after {ready:.1} s"));
    world.tell(told.message);
    Ok(restaurant)
}

/// Holds what the restaurant has against what guests were told.
async fn compare(restaurant: &Restaurant<'_>, booked: &[Booked], moment: Timestamp) -> Result<()> {
    let (doors, token) = restaurant.visit().await?;
    let found: BTreeSet<String> = doors.bookings(&token).await?.into_iter().collect();
    let until: Vec<_> = booked.iter().filter(|booked| booked.acknowledged <= moment).collect();
    let missing: Vec<_> = until.iter().filter(|booked| !found.contains(&booked.code)).collect();
    ensure(!until.is_empty() && missing.is_empty(), || format!("of {} bookings until {moment} these are lost: {missing:?}", until.len()))?;
    let later: Vec<_> = booked.iter().filter(|booked| booked.sent > moment && found.contains(&booked.code)).collect();
    ensure(later.is_empty(), || format!("these were sent after {moment}, and are there: {later:?}"))?;
    let lost: Vec<_> = booked.iter().filter(|booked| !found.contains(&booked.code)).collect();
    ensure(lost.len() >= LATER, || format!("{} bookings are lost, which shows little", lost.len()))?;
    let last = lost.iter().map(|booked| booked.acknowledged).max().unwrap_or(moment);
    let seconds = last.duration_since(moment).as_secs_f64();
    restaurant.world.tell(format!("all {} bookings that were acknowledged until {moment} are there", until.len()));
    restaurant
        .world
        .tell(format!("{} that were acknowledged in the {seconds:.1} s after it are lost, and none of them is there", lost.len()));
    Ok(())
}

/// Guests book as before, and none of them gets the number of a booking that is lost.
async fn go_on(restaurant: &Restaurant<'_>, booked: &[Booked]) -> Result<()> {
    let traffic = restaurant.traffic(Faults::None, &LOAD).await?;
    let log = traffic.follow()?;
    tokio::time::sleep(Duration::from_secs(20)).await;
    traffic.end().await?;
    let new = Booked::all(&log.await??);
    let last = booked.iter().map(|booked| booked.id).max().ok_or("nobody booked before")?;
    let first = new.iter().map(|booked| booked.id).min().ok_or("nobody books again")?;
    ensure(first > last, || format!("the last booking that was lost is {last}, and the first new one {first}"))?;
    restaurant.world.tell(format!("guests book again, from number {first} on; the last number that was lost is {last}"));
    Ok(())
}

/// The resource is deleted and made again, with a restore to the newest moment: its volumes have data, and keep it.
async fn refuse(restaurant: &Restaurant<'_>, storage: &Storage) -> Result<()> {
    let before = data(restaurant).await?;
    removal::delete(restaurant).await?;
    removal::only(restaurant, &["secret/", "persistentvolumeclaim/"]).await?;
    restaurant.apply(&rebuilt(storage, Some(Key::Right))).await?;
    let told = restaurant.becomes("Restored", "False", "RestoreRefused", PATIENCE).await?;
    restaurant.world.tell(told.message);
    // It can be removed once each of the three is told of.
    let all = async || {
        let databases = restaurant.status().await?["restore"]["databases"].as_array().map_or(0, Vec::len);
        Ok((databases == 3).then_some(()))
    };
    eventually("each database has data of its own", PATIENCE, all).await?;
    restaurant.change(&json!({"restore": null})).await?;
    restaurant.ready().await?;
    let after = data(restaurant).await?;
    ensure(before == after, || format!("{before:?} became {after:?}"))?;
    restaurant.world.tell(format!("without the restore it goes on with the data that it had: {before:?}"));
    Ok(())
}

/// How many accounts, dishes and bookings there are, and a hash of what they are.
async fn data(restaurant: &Restaurant<'_>) -> Result<Vec<String>> {
    let tables = [("auth", "email", "\"user\""), ("menu", "t::text", "menuitem"), ("reservation", "t::text", "reservation")];
    let mut told = Vec::new();
    for (service, row, table) in tables {
        let question = format!("SELECT count(*), md5(string_agg({row}, ',' ORDER BY id)) FROM {table} t");
        let pod = restaurant.part(&format!("{service}-postgres-0"));
        let answer = restaurant.kubectl(&["exec", &pod, "--container=postgres", "--", "psql", "-Atc", &question]).await?;
        told.push(format!("{table} {}", answer.trim()));
    }
    Ok(told)
}
