# Before the server starts: on an empty volume the database is made, and its user is given the password that the Secret has now.
# The image's own entrypoint does the first too, but leaves a broken half when it is interrupted, and never does the second.
set -eu

# The annotation with the version may be lost, or wrong; the files tell which one can read them.
if [ -s "$PGDATA/PG_VERSION" ]; then
  found=$(cat "$PGDATA/PG_VERSION")
  major=$(postgres --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
  if [ "$found" != "$major" ]; then
    echo "The volume $CLAIM holds the files of PostgreSQL $found, which PostgreSQL $major, the version of this image, cannot read." \
      "Nothing was changed. Tell the operator the version: kubectl annotate --overwrite persistentvolumeclaim $CLAIM" \
      "restaurantbooking.dev/postgres-version=$found, and if spec.postgres.managed.version is set, set it to $found." >&2
    exit 1
  fi
fi

# PostgreSQL's programs refuse a user without a name, as one is whose id the cluster chose. A library of the image gives it one.
if ! getent passwd "$(id -u)" >/dev/null; then
  for wrapper in /usr/lib/*/libnss_wrapper.so /usr/lib/libnss_wrapper.so; do
    if [ -s "$wrapper" ]; then
      NSS_WRAPPER_PASSWD=$(mktemp)
      NSS_WRAPPER_GROUP=$(mktemp)
      echo "postgres:x:$(id -u):$(id -g):PostgreSQL:$PGDATA:/bin/false" >"$NSS_WRAPPER_PASSWD"
      echo "postgres:x:$(id -g):" >"$NSS_WRAPPER_GROUP"
      export LD_PRELOAD="$wrapper" NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
      break
    fi
  done
fi

# statements DIRECTORY DATABASE: those of standard input, an empty line behind each, without a server. An error ends it, and does not show
# the statement, which may have a password.
# A server that crashed has left its process id behind, 1, which is this shell's now. A child of the shell knows that its parent is no
# server, a grandchild does not: so this must not be part of a pipeline.
statements() {
  postgres --single -j -D "$1" -c exit_on_error=on -c log_min_error_statement=panic "$2" >/dev/null
}

if [ ! -e "$PGDATA" ]; then
  # Under another name until it is whole: after an interruption it is made anew.
  rm -rf "$PGDATA.new"
  # The image's locale would change its order of text with the operating system, and an index under it would break. The superuser has no
  # password, so that nobody is one over the network.
  initdb --pgdata="$PGDATA.new" --username=postgres --auth-local=trust --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale-provider="$LOCALE_PROVIDER" --locale=C.UTF-8 --no-instructions
  echo 'host all all all scram-sha-256' >>"$PGDATA.new/pg_hba.conf"
  # What the user makes belongs to a role that nobody can be but by this user.
  statements "$PGDATA.new" postgres <<END
CREATE ROLE ${PGDATABASE}_owner NOLOGIN;

CREATE ROLE $PGUSER LOGIN IN ROLE ${PGDATABASE}_owner;

CREATE DATABASE $PGDATABASE OWNER ${PGDATABASE}_owner;

ALTER ROLE $PGUSER IN DATABASE $PGDATABASE SET role = ${PGDATABASE}_owner;

END
  mv "$PGDATA.new" "$PGDATA"
fi

# The kubelet may have made it writable for the Pod's group, which PostgreSQL refuses.
chmod 0700 "$PGDATA"
password=$(sed "s/'/''/g" "$PASSWORD_FILE")
statements "$PGDATA" postgres <<END
ALTER ROLE $PGUSER PASSWORD '$password';

END

# Whoever backs the database up is no superuser, and reads no table. An older password is replaced, also in a database that was restored.
if [ -n "${BACKUP_PASSWORD_FILE:-}" ]; then
  password=$(sed "s/'/''/g" "$BACKUP_PASSWORD_FILE")
  statements "$PGDATA" postgres <<END
DO \$role\$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'backup') THEN CREATE ROLE backup; END IF; END \$role\$;

ALTER ROLE backup LOGIN PASSWORD '$password';

GRANT pg_read_all_settings, pg_monitor, pg_checkpoint TO backup;

GRANT EXECUTE ON FUNCTION pg_backup_start(text, boolean), pg_backup_stop(boolean), pg_switch_wal(), pg_create_restore_point(text) TO backup;

END
fi
