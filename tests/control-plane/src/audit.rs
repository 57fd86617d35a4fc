//! The API server's audit log: who asked for what.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde::Deserialize;

/// How long a request may take from its answer to the log.
const SETTLE: Duration = Duration::from_millis(50);

/// Reads the audit log. The reads of the control plane itself are not in it; everything else is.
#[derive(Debug, Clone)]
pub struct Audit {
    log: PathBuf,
}

/// A point in time in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(u64);

/// A request that the API server has answered; a watch counts as answered once it has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asked, `system:serviceaccount:NAMESPACE:NAME` for a ServiceAccount. It is the impersonated user where there is one.
    pub user: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`; the method, in lower case, where
    /// the request is for no resource.
    pub verb: String,
    /// The API group; empty for the core group, and where the request is for no resource.
    pub group: String,
    /// The resource's plural, `deployments`; empty where the request is for none, as that of `/version`.
    pub resource: String,
    /// The subresource, `status` or `scale` for example; mostly empty.
    pub subresource: String,
    /// The object's namespace; empty where it has none, or all are meant.
    pub namespace: String,
    /// The object's name; empty where many are meant.
    pub name: String,
    /// The status code of the answer.
    pub code: u16,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// What the client calls itself.
    pub user_agent: String,
    /// The path with its query.
    pub uri: String,
}

impl Request {
    /// Whether it wrote something, or would have without a fault: no dry run, and none of the questions that are asked with a
    /// `create`, such as SubjectAccessReviews.
    #[must_use]
    pub fn is_write(&self) -> bool {
        let question = matches!(&*self.group, "authentication.k8s.io" | "authorization.k8s.io") || self.subresource == "token";
        let writes = matches!(&*self.verb, "create" | "update" | "patch" | "delete" | "deletecollection");
        writes && !self.dry_run && !question
    }
}

impl Audit {
    pub(crate) fn new(log: PathBuf) -> Self {
        Self { log }
    }

    /// The present, to be given to [`Audit::since`]. It lies behind every request that was answered. It blocks the thread for
    /// 50 ms, which is how long a request may take to the log.
    #[must_use]
    pub fn mark(&self) -> Mark {
        thread::sleep(SETTLE);
        Mark(std::fs::metadata(&self.log).map_or(0, |metadata| metadata.len()))
    }

    /// All requests that were answered after the mark, in the order of their answers. It blocks the thread for 50 ms, which is
    /// how long a request may take to the log.
    #[must_use]
    pub fn since(&self, mark: &Mark) -> Vec<Request> {
        self.next(&mut { *mark })
    }

    /// The same, and moves the mark behind them: whoever asks often does not read a request twice.
    #[must_use]
    pub fn next(&self, mark: &mut Mark) -> Vec<Request> {
        thread::sleep(SETTLE);
        let mut text = String::new();
        // Where there is no log, there were no requests.
        let _ = File::open(&self.log).and_then(|mut log| {
            log.seek(SeekFrom::Start(mark.0))?;
            log.read_to_string(&mut text)
        });
        // The last line may be half written.
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        mark.0 += whole.len() as u64;
        whole.lines().filter_map(parse).collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    stage: String,
    #[serde(rename = "requestURI")]
    uri: String,
    verb: String,
    user: User,
    impersonated_user: Option<User>,
    #[serde(default)]
    user_agent: String,
    object_ref: Option<ObjectRef>,
    response_status: Option<Status>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ObjectRef {
    resource: String,
    namespace: String,
    name: String,
    api_group: String,
    subresource: String,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    code: u16,
}

fn parse(line: &str) -> Option<Request> {
    let event: Event = serde_json::from_str(line).ok()?;
    let code = event.response_status.map_or(0, |status| status.code);
    // A request that lasts is logged when it is accepted, and again when it ends, perhaps after a later mark.
    if event.stage == "ResponseComplete" && event.verb == "watch" && code == 200 {
        return None;
    }
    let object = event.object_ref.unwrap_or_default();
    let query = event.uri.split_once('?').map_or("", |(_, query)| query);
    let dry_run = query.split('&').any(|parameter| parameter.strip_prefix("dryRun=").is_some_and(|value| !value.is_empty()));
    Some(Request {
        user: event.impersonated_user.unwrap_or(event.user).username,
        verb: event.verb,
        group: object.api_group,
        resource: object.resource,
        subresource: object.subresource,
        namespace: object.namespace,
        name: object.name,
        code,
        dry_run,
        user_agent: event.user_agent,
        uri: event.uri,
    })
}
