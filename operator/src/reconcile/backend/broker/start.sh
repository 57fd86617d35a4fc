# start COMMAND...: runs the image's own start with the cluster id of the volume. Kafka refuses files that have another one, and a volume
# may come from another namespace or from a resource of another name. CLUSTER_ID as the Pod has it is for a volume that is new.
set -eu

properties="$KAFKA_LOG_DIRS/meta.properties"
if [ -e "$properties" ]; then
  found=$(sed -n 's/^cluster\.id=//p' "$properties")
  export CLUSTER_ID="${found:-$CLUSTER_ID}"
fi
exec "$@"
