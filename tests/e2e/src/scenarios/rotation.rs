//! Secrets that are changed.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use kube::ResourceExt as _;
use kube::api::{Api, ListParams};
use reqwest::Method;
use serde_json::{Value, json};

use crate::Result;
use crate::doors::SERVICES;
use crate::restaurant::Restaurant;
use crate::visitors::Faults;
use crate::world::{World, ensure, eventually};

/// How long Pods may take to be replaced.
const PATIENCE: Duration = Duration::from_secs(180);

/// A new password of a database replaces the Pods that use it and no others, while guests go on booking; the old one is of no use any more.
pub(crate) async fn a_database_password_under_load(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    let (secret, before) = (restaurant.part("menu-postgres"), generations(&restaurant).await?);
    let old = restaurant.secret(&secret).await?["password"].clone();
    let traffic = restaurant.traffic(Faults::Allowed, &[]).await?;
    let pods = async || Result::Ok([restaurant.ready_pods("menu").await?, restaurant.ready_pods("menu-postgres").await?].concat());
    let used = pods().await?;
    let new = format!("rotated-{}", world.number());
    let patch = json!({"stringData": {"password": new}}).to_string();
    restaurant.kubectl(&["patch", "secret", &secret, "--patch", &patch]).await?;
    let replaced = async || {
        let now = pods().await?;
        Ok((now.len() == used.len() && !now.iter().any(|pod| used.contains(pod))).then_some(()))
    };
    eventually("the Pods of menu and of its database are replaced", PATIENCE, replaced).await?;
    restaurant.ready().await?;
    let changed: Vec<_> =
        generations(&restaurant).await?.into_iter().filter(|one| before.get(&one.0) != Some(&one.1)).map(|one| one.0).collect();
    ensure(changed == [restaurant.part("menu"), secret.clone()], || format!("changed are {changed:?}"))?;
    world.tell(format!("kubectl patch secret {secret}: replaced are the Pods of {}", changed.join(" and ")));
    ensure(!logs_in(&restaurant, &old).await?, || "the old password still opens the database".to_owned())?;
    ensure(logs_in(&restaurant, &new).await?, || "the new password does not open the database".to_owned())?;
    world.tell("the database takes the new password, and not the old one");
    traffic.end().await.map(drop)
}

/// The generations of everything that runs.
async fn generations(restaurant: &Restaurant<'_>) -> Result<BTreeMap<String, i64>> {
    let parameters = ListParams::default().labels(&format!("app.kubernetes.io/instance={}", restaurant.name));
    let client = &restaurant.world.client;
    let deployments = Api::<Deployment>::namespaced(client.clone(), &restaurant.namespace).list(&parameters).await?;
    let sets = Api::<StatefulSet>::namespaced(client.clone(), &restaurant.namespace).list(&parameters).await?;
    let deployments = deployments.iter().map(|one| (one.name_any(), one.metadata.generation.unwrap_or_default()));
    Ok(deployments.chain(sets.iter().map(|one| (one.name_any(), one.metadata.generation.unwrap_or_default()))).collect())
}

async fn logs_in(restaurant: &Restaurant<'_>, password: &str) -> Result<bool> {
    let pod = restaurant.pods("menu-postgres").await?.first().ok_or("menu has no database")?.name_any();
    let password = format!("PGPASSWORD={password}");
    let psql = ["exec", &pod, "--container=postgres", "--", "env", &password, "psql", "--host=127.0.0.1", "--command", "SELECT 1"];
    match restaurant.kubectl(&psql).await {
        Ok(_) => Ok(true),
        Err(error) if error.to_string().contains("password authentication failed") => Ok(false),
        Err(error) => Err(error),
    }
}

/// New keys for tokens, made by deleting the Secret: all services are replaced, tokens of before are refused, and new ones taken.
pub(crate) async fn the_keys_of_tokens(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    let (doors, token) = restaurant.visit().await?;
    let before: Vec<_> = all_pods(&restaurant).await?;
    doors.ask(Method::GET, &format!("{}/auth/me", doors.auth.url), &token, &Value::Null, 200).await?;
    drop(doors);
    restaurant.kubectl(&["delete", "secret", &restaurant.part("jwt")]).await?;
    let replaced = async || {
        let now = all_pods(&restaurant).await?;
        Ok((now.len() == before.len() && !now.iter().any(|pod| before.contains(pod))).then_some(()))
    };
    eventually("the Pods of all services are replaced", PATIENCE, replaced).await?;
    restaurant.ready().await?;
    let (doors, new) = restaurant.visit().await?;
    for (url, path) in [(&doors.auth.url, "/auth/me"), (&doors.reservation.url, "/reservations/my")] {
        doors.ask(Method::GET, &format!("{url}{path}"), &token, &Value::Null, 401).await?;
        doors.ask(Method::GET, &format!("{url}{path}"), &new, &Value::Null, 200).await?;
    }
    world.tell("kubectl delete secret: new keys, new Pods; the old token is refused and a new one taken");
    Ok(())
}

/// A lost Secret of the administrator is made anew, and its password is the one to log in with; the one of before is not.
pub(crate) async fn d15_the_administrators_password(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    let (email, old) = restaurant.administrator().await?;
    let before = restaurant.ready_pods("auth").await?;
    restaurant.kubectl(&["delete", "secret", &restaurant.part("admin")]).await?;
    let replaced = async || {
        let now = restaurant.ready_pods("auth").await?;
        Ok((now.len() == before.len() && !now.iter().any(|pod| before.contains(pod))).then_some(()))
    };
    eventually("the Pods of auth are replaced", PATIENCE, replaced).await?;
    restaurant.ready().await?;
    let (doors, token) = restaurant.visit().await?;
    doors.ask(Method::GET, &format!("{}/auth/users", doors.auth.url), &token, &Value::Null, 200).await?;
    let login = json!({"email": email, "password": old});
    doors.ask(Method::POST, &format!("{}/auth/login", doors.auth.url), "", &login, 401).await?;
    world.tell("kubectl delete secret: the administrator logs in with the new password, and not with the old one");
    Ok(())
}

async fn all_pods(restaurant: &Restaurant<'_>) -> Result<Vec<String>> {
    let mut pods = Vec::new();
    for (service, _) in SERVICES {
        pods.extend(restaurant.ready_pods(service).await?);
    }
    Ok(pods)
}
