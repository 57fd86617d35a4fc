# Passwords and keys, made once: to each service its own, as files that its user alone reads.
set -euo pipefail
umask 077
service=65532 postgres=$(id -u postgres)

for name in auth menu reservation; do
  case $name in reservation) database=res_db ;; *) database=${name}_db ;; esac
  directory=/secrets/$name
  if [ ! -s "$directory/database-password" ]; then
    password=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
    # The password last: a start that is cut short in between begins again.
    printf 'postgres://%s:%s@%s-postgres:5432/%s' "$database" "$password" "$name" "$database" > "$directory/database-url"
    printf '%s' "$password" > "$directory/database-password"
    echo "the password of $name's database was made"
  fi
  chmod 755 "$directory"
  chown $service "$directory/database-url"
  # The image reads it as root at the first start, and as postgres later.
  chown "$postgres" "$directory/database-password"
done

# The key that signs the links of bookings.
links=/secrets/reservation/link-keys
[ -s $links ] || od -An -vtx1 -N32 /dev/urandom | tr -d ' \n' > $links
chown $service $links

printf '%s' "$ADMIN_PASSWORD" > /secrets/auth/admin-password
cp /keys/private.pem /secrets/auth/private.pem
chown $service /secrets/auth/admin-password /secrets/auth/private.pem
cp /keys/jwks.json /public-keys/jwks.json
chmod 755 /public-keys
chmod 644 /public-keys/jwks.json
