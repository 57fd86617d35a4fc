//! The errors of topics.

use std::fmt;

use rdkafka::error::RDKafkaErrorCode;

use crate::reconcile::backend::broker::settings::Topics;
use crate::reconcile::reason;

/// The reason why the topics are not as specified: the error, the topic or broker, and a remedy.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TopicsError {
    /// The broker does not answer.
    #[error("{servers} does not answer: {reason}")]
    Unreachable {
        /// The broker's address.
        servers: String,
        /// The error, and a remedy.
        reason: String,
    },
    /// The broker refuses the operator's login.
    #[error(
        "{servers} does not let the operator in: {reason}; check mechanism, usernameSecretRef and passwordSecretRef of spec.kafka.external.sasl"
    )]
    NotAuthenticated {
        /// The broker.
        servers: String,
        /// The broker's reason.
        reason: String,
    },
    /// The TLS handshake with the broker fails.
    #[error(
        "there is no TLS with {servers}: {reason}; check spec.kafka.external.tls: its caSecretRef and, where the broker asks for a \
         certificate, certificateSecretRef and keySecretRef"
    )]
    NoTls {
        /// The broker.
        servers: String,
        /// The reason that the broker or the operator gives.
        reason: String,
    },
    /// The broker accepts the operator's login, but not this operation.
    #[error(
        "topic {topic} cannot be {operation}: {reason}; the user of spec.kafka.external needs Describe, Create, Alter, DescribeConfigs and \
         AlterConfigs on it"
    )]
    NotAuthorized {
        /// The topic.
        topic: String,
        /// The operation.
        operation: Operation,
        /// The broker's reason.
        reason: String,
    },
    /// The broker refuses the operation.
    #[error("topic {topic} cannot be {operation}: {reason}")]
    Refused {
        /// The topic.
        topic: String,
        /// The operation.
        operation: Operation,
        /// The broker's reason, and a remedy.
        reason: String,
    },
    /// The settings need a feature that this binary was built without.
    #[error("this operator was built without TLS to Kafka, which {0} takes; use an image built with the feature kafka-tls")]
    NotBuiltIn(&'static str),
    /// The settings cannot be used.
    #[error("the settings of spec.kafka.external cannot be used: {0}")]
    Unusable(String),
}

impl TopicsError {
    /// The reason of the condition.
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

/// An operation on a topic.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// Read it.
    Read,
    /// Create it.
    Create,
    /// Add partitions.
    RaisePartitions,
    /// Change its retention.
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

/// The meaning of the broker's answer about one topic: `Ok` if another look may find that another client has done it.
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
        (PolicyViolation, _) => ": the Kafka cluster has a policy for topics; ask its administrators".to_owned(),
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

/// The error for a topic whose settings the broker does not return.
pub(super) fn unreadable(topic: String) -> TopicsError {
    TopicsError::NotAuthorized { topic, operation: Operation::Read, reason: "the broker does not return its settings".to_owned() }
}

/// The error for a topic whose retention did not change.
pub(super) fn unchanged(topic: String, retention: &str, wanted: &str) -> TopicsError {
    let reason = format!(
        "retention.ms stays {retention} where {wanted} was asked for; the user of spec.kafka.external needs AlterConfigs on the topic, and a \
         rule that the Kafka cluster has for topics must allow it"
    );
    TopicsError::Refused { topic, operation: Operation::SetRetention, reason }
}
