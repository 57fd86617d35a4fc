//! Valid specs that together have every field.

use serde_json::{Value, json};

fn resources() -> Value {
    json!({"requests": {"cpu": "50m"}, "limits": {"memory": "256Mi"}})
}

fn storage() -> Value {
    json!({"size": "1Gi", "storageClassName": "standard"})
}

fn component() -> Value {
    json!({
        "resources": resources(),
        "labels": {"team": "booking"},
        "annotations": {"note": "x"},
        "nodeSelector": {"kubernetes.io/arch": "arm64"},
        "tolerations": [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule", "tolerationSeconds": 1}],
        "affinity": {"nodeAffinity": {}},
        "topologySpreadConstraints": [{
            "maxSkew": 1, "minDomains": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "nodeAffinityPolicy": "Honor",
            "nodeTaintsPolicy": "Honor", "matchLabelKeys": ["a"],
            "labelSelector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]},
        }],
        "logLevel": "info",
        "corsAllowedOrigins": ["https://book.example.com"],
        "databaseMaxConnections": 10,
    })
}

fn with(mut object: Value, more: Value) -> Value {
    object.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    object
}

/// All of them.
pub(super) fn samples() -> Vec<Value> {
    let key = |name: &str| json!({"name": name, "key": "key"});
    let restaurant = json!({"name": "Trattoria", "timeZone": "Europe/Rome", "confirmation": "Manual", "maxDaysAhead": 90});
    let presented = with(
        restaurant.clone(),
        json!({
            "phone": "+39 06 555 0100", "email": "ciao@example.com", "website": "https://example.com",
            "address": {"street": "Via dei Fiori 12", "postalCode": "00172", "city": "Rome", "country": "Italy"},
            "privacyUrl": "https://example.com/privacy", "legalUrl": "https://example.com/legal",
            "languages": ["de", "en"], "defaultLanguage": "de",
        }),
    );
    let fixed = with(component(), json!({"replicas": 2}));
    let scaled = with(component(), json!({"autoscaling": {"minReplicas": 2, "maxReplicas": 4, "targetCPUUtilizationPercentage": 60}}));
    let tagged = json!({"repository": "registry.example.com/x", "tag": "1"});
    let by_digest = json!({"repository": "registry.example.com/x", "digest": format!("sha256:{}", "0".repeat(64))});
    let managed = json!({"version": "17.6", "repository": "postgres", "storage": storage(), "resources": resources()});
    let topics = json!({"partitions": 3, "replicationFactor": 1, "retention": "7d", "prefix": "a."});
    let s3 = json!({
        "endpoint": "https://s3.example.com", "bucket": "backups", "path": "dining/trattoria", "region": "eu-central-1", "pathStyle": true,
        "credentialsSecretRef": {"name": "s3"}, "caSecretRef": key("ca"),
    });
    let encryption = json!({"keySecretRef": key("seal")});
    let by_claim = json!({
        "schedule": "0 4 * * *", "retention": {"count": 7, "age": "30d"}, "maxLoss": "1m", "storage": {"claim": storage()},
        "encryption": encryption, "resources": resources(), "beforeMigration": true, "verify": {"schedule": "0 5 * * 1"},
    });
    let claims = json!({"auth": {"name": "a"}, "menu": {"name": "b"}, "reservation": {"name": "c"}});
    let moment = "2026-11-30T03:14:00+01:00";
    vec![
        json!({
            "restaurant": presented,
            "booking": {
                "slotMinutes": 15, "minNoticeMinutes": 60, "minParty": 1, "maxParty": 8, "confirmAbove": 6, "maxSpareSeats": 2, "bufferMinutes": 10,
                "turnTimes": [{"upTo": 2, "minutes": 90}], "pacing": {"covers": 24, "parties": 8}, "changeUntilMinutes": 120,
                "guestsWithoutAccount": true, "phoneRequired": true, "policy": "Be on time.",
            },
            "openingHours": [{
                "name": "Dinner", "days": ["Friday"], "opens": "18:00", "lastSeating": "21:30", "closes": "23:30", "slotMinutes": 30, "online": true,
                "minParty": 1, "maxParty": 8,
            }],
            "floor": {
                "areas": [{"name": "Terrace", "online": false}],
                "tables": [
                    {"number": 1, "seats": 4, "area": "Terrace", "minParty": 2, "online": true, "description": "By the wall"},
                    {"number": 2, "seats": 4, "area": "Terrace"},
                ],
                "groups": [{"name": "Wall", "tables": [1, 2], "seats": 7, "minParty": 5}],
            },
            "pages": {"enabled": true, "accentColor": "#7a1f2b"},
            "mail": {
                "from": "booking@example.com", "replyTo": "ciao@example.com", "remindBeforeHours": 24,
                "smtp": {"host": "smtp.example.com", "port": 587, "security": "StartTls", "credentialsSecretRef": {"name": "postman"}},
            },
            "image": {
                "registry": "registry.example.com/booking", "tag": "1", "pullPolicy": "Always", "pullSecrets": [{"name": "registry"}],
                "auth": tagged, "menu": tagged, "reservation": tagged, "backup": tagged,
            },
            "auth": fixed, "menu": fixed, "reservation": fixed,
            "admin": {"email": "rosa@example.com", "passwordSecretRef": key("boss")},
            "postgres": {"managed": managed},
            "backup": by_claim,
            "restore": {"claims": claims, "targetTime": moment, "encryption": encryption},
            "kafka": {"managed": with(managed.clone(), json!({"version": "4.3.1"})), "topics": topics},
            "ingress": {"host": "book.example.com", "className": "nginx", "tlsSecretName": "tls", "annotations": {"a": "b"}},
            "networkPolicy": {"enabled": true, "clientNamespaceLabels": {"a": "b"}},
            "podDisruptionBudget": {"enabled": true, "maxUnavailable": 1},
            "monitoring": {"enabled": true, "labels": {"a": "b"}, "intervalSeconds": 30},
            "deletionPolicy": "Retain",
            "paused": false,
        }),
        json!({
            "restaurant": restaurant,
            "image": {"auth": by_digest, "menu": by_digest, "reservation": by_digest, "backup": by_digest},
            "auth": scaled, "menu": scaled, "reservation": scaled,
            "postgres": {"cloudNativePG": {"instances": 3, "synchronousReplication": "Required", "imageName": "postgresql:17", "storage": storage(), "resources": resources()}},
            "kafka": {"strimzi": {"brokers": 3, "version": "4.1.0", "storage": storage(), "resources": resources()}, "topics": topics},
            "gateway": {"host": "book.example.com", "parentRef": {"name": "public", "sectionName": "https"}},
        }),
        json!({
            "restaurant": restaurant,
            "postgres": {"external": {
                "auth": {"urlSecretRef": key("a")}, "menu": {"urlSecretRef": key("b")}, "reservation": {"urlSecretRef": key("c")},
            }},
            "kafka": {"external": {
                "bootstrapServers": ["kafka.example.com:9093"],
                "tls": {"caSecretRef": key("d"), "certificateSecretRef": key("e"), "keySecretRef": key("f")},
                "sasl": {"mechanism": "PLAIN", "usernameSecretRef": key("g"), "passwordSecretRef": key("h")},
            }},
        }),
        json!({"restaurant": restaurant, "kafka": {"strimzi": {"clusterRef": {"name": "shared"}}}}),
        json!({"restaurant": restaurant, "backup": {"storage": {"s3": s3}}, "restore": {"s3": s3}}),
    ]
}
