//! What can go wrong with the topics.

use std::fmt;

use rdkafka::error::RDKafkaErrorCode;

use crate::reconcile::platform::Topics;
use crate::reconcile::reason;

/// Why the topics are not as they are wanted: what, where, and what would be right.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TopicsError {
    /// The broker does not answer.
    #[error("{servers} does not answer: {reason}")]
    Unreachable {
        /// Where it was looked for.
        servers: String,
        /// What was met instead, and what would be right.
        reason: String,
    },
    /// The broker does not let the operator in.
    #[error(
        "{servers} does not let the operator in: {reason}; check mechanism, usernameSecretRef and passwordSecretRef of spec.kafka.external.sasl"
    )]
    NotAuthenticated {
        /// The broker.
        servers: String,
        /// What it says.
        reason: String,
    },
    /// There is no TLS with the broker.
    #[error(
        "there is no TLS with {servers}: {reason}; check spec.kafka.external.tls: its caSecretRef and, where the broker asks for a \
         certificate, certificateSecretRef and keySecretRef"
    )]
    NoTls {
        /// The broker.
        servers: String,
        /// What either side says.
        reason: String,
    },
    /// The broker lets the operator in, but not do this.
    #[error(
        "topic {topic} cannot be {operation}: {reason}; the user of spec.kafka.external needs Describe, Create, Alter, DescribeConfigs and \
         AlterConfigs on it"
    )]
    NotAuthorized {
        /// The topic.
        topic: String,
        /// What was to be done.
        operation: Operation,
        /// What the broker says.
        reason: String,
    },
    /// The broker refuses what is wanted.
    #[error("topic {topic} cannot be {operation}: {reason}")]
    Refused {
        /// The topic.
        topic: String,
        /// What was to be done.
        operation: Operation,
        /// What the broker says, and what would be right.
        reason: String,
    },
    /// The settings need what this program was built without.
    #[error("this operator was built without TLS to Kafka, which {0} takes; use an image built with the feature kafka-tls")]
    NotBuiltIn(&'static str),
    /// The settings cannot be used.
    #[error("the settings of spec.kafka.external cannot be used: {0}")]
    Unusable(String),
}

impl TopicsError {
    /// As a condition's reason has it.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => reason::BROKER_UNREACHABLE,
            Self::NotAuthenticated { .. } => reason::BROKER_LOGIN_FAILED,
            Self::NoTls { .. } => reason::BROKER_TLS_FAILED,
            Self::NotAuthorized { .. } => reason::TOPIC_FORBIDDEN,
            Self::Refused { .. } => reason::TOPIC_REFUSED,
            Self::NotBuiltIn(_) => reason::KAFKA_TLS_NOT_BUILT_IN,
            Self::Unusable(_) => reason::INVALID_KAFKA_SETTINGS,
        }
    }
}

/// What is done with a topic.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// It is looked at.
    Read,
    /// It is made.
    Create,
    /// It is given more partitions.
    RaisePartitions,
    /// It is given another retention.
    SetRetention,
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Read => "read",
            Self::Create => "created",
            Self::RaisePartitions => "given more partitions",
            Self::SetRetention => "given another retention",
        })
    }
}

/// What the broker's answer about one topic means: `Ok` where another look may find it done by somebody else.
pub(super) fn of_topic(
    operation: Operation,
    topic: String,
    code: RDKafkaErrorCode,
    wanted: &Topics,
    brokers: usize,
) -> Result<TopicsError, TopicsError> {
    use RDKafkaErrorCode::{
        InvalidPartitions, InvalidReplicationFactor, NotController, PolicyViolation, TopicAlreadyExists, UnknownTopicOrPartition,
    };
    if is_forbidden(code) {
        return Err(TopicsError::NotAuthorized { topic, operation, reason: code.to_string() });
    }
    let advice = match (code, wanted.replication_factor) {
        (InvalidReplicationFactor, Some(factor)) => {
            format!(": {factor} copies are asked for, brokers: {brokers}; spec.kafka.topics.replicationFactor must be no more")
        }
        (InvalidReplicationFactor, None) => {
            ": the broker's own default.replication.factor is more than there are brokers; give spec.kafka.topics.replicationFactor"
                .to_owned()
        }
        (PolicyViolation, _) => ": the Kafka cluster has a rule for topics, which who runs it knows".to_owned(),
        _ => String::new(),
    };
    let error = TopicsError::Refused { topic, operation, reason: format!("{code}{advice}") };
    match (operation, code) {
        (_, NotController)
        | (Operation::Create, TopicAlreadyExists)
        | (Operation::RaisePartitions, InvalidPartitions | UnknownTopicOrPartition) => Ok(error),
        _ => Err(error),
    }
}

pub(super) fn is_forbidden(code: RDKafkaErrorCode) -> bool {
    matches!(code, RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed)
}

/// A topic whose settings the broker keeps to itself.
pub(super) fn unreadable(topic: String) -> TopicsError {
    TopicsError::NotAuthorized { topic, operation: Operation::Read, reason: "the broker does not tell its settings".to_owned() }
}

/// A topic whose retention did not change.
pub(super) fn unchanged(topic: String, retention: &str, wanted: &str) -> TopicsError {
    let reason = format!(
        "retention.ms stays {retention} where {wanted} was asked for; the user of spec.kafka.external needs AlterConfigs on the topic, and a \
         rule that the Kafka cluster has for topics must allow it"
    );
    TopicsError::Refused { topic, operation: Operation::SetRetention, reason }
}
