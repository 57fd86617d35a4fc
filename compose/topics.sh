# The topics that the services write and read. Partitions can be added and not taken away.
set -euo pipefail
for topic in user.events menu.events reservation.events; do
  /opt/kafka/bin/kafka-topics.sh --bootstrap-server kafka:9092 --create --if-not-exists --topic "$topic" \
    --partitions "$PARTITIONS" --replication-factor 1 --config "retention.ms=$RETENTION_MS"
done
