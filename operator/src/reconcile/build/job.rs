//! What the Jobs have in common: which ends of a Pod count as a failure.

use k8s_openapi::api::batch::v1::{
    PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern, PodFailurePolicyRule,
};

/// Where a Pod leaves its report, for its status.
pub(crate) const REPORT: &str = "/dev/termination-log";
/// The code with which a program ends that does not know the command.
pub(crate) const USAGE: i32 = 2;

/// The drain of a node is not a failure of the Pod. A program that ends with one of the `hopeless` codes is not started again.
pub(crate) fn failure_policy(hopeless: &[i32]) -> PodFailurePolicy {
    let disrupted = PodFailurePolicyOnPodConditionsPattern { type_: "DisruptionTarget".to_owned(), status: "True".to_owned() };
    let mut rules =
        vec![PodFailurePolicyRule { action: "Ignore".to_owned(), on_pod_conditions: Some(vec![disrupted]), ..Default::default() }];
    if !hopeless.is_empty() {
        let codes = PodFailurePolicyOnExitCodesRequirement { operator: "In".to_owned(), values: hopeless.to_vec(), ..Default::default() };
        rules.push(PodFailurePolicyRule { action: "FailJob".to_owned(), on_exit_codes: Some(codes), ..Default::default() });
    }
    PodFailurePolicy { rules }
}
