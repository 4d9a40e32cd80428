#!/bin/sh
# What an operator of 3.1.0 scripts: nothing in here is newer. Wants portunus-server and
# portunus-client in PATH, DATA (a data directory with server.toml), HTTP, GRPC and PORT (to listen
# on), TARGET (host:port that answers with a line).

set -eux # the trace is shown when the test fails

die() {
  echo "FAILED: $*" >&2
  exit 1
}

# eventually COMMAND…: until it succeeds, a hundred times at most.
eventually() {
  tries=100
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || die "never: $*"
  done
}

# exits STATUS COMMAND…: checks the exit status.
exits() {
  expected=$1
  shift
  status=0
  "$@" >out.txt 2>err.txt || status=$?
  [ "$status" -eq "$expected" ] || die "$* exits $status, not $expected: $(cat err.txt)"
}

api() {
  command=$1
  shift
  portunus-server "$command" "$@" --http-endpoint "$HTTP"
}

# Before the first start
token=$(portunus-server --data-dir "$DATA" bootstrap-superadmin --name ops 2>/dev/null |
  sed -n 's/^superadmin user_id=_superadmin token=//p')
[ ${#token} -eq 43 ] || die "no token"
exits 2 portunus-server bootstrap-superadmin --data-dir "$DATA"
grep -q '^error: already_bootstrapped (' err.txt
enroll=$(portunus-server enroll-client edge-01 --data-dir="$DATA" --ttl-secs 600 \
  --advertised-endpoint "$GRPC" 2>/dev/null | tail -n 1)
case $enroll in "portunus-client enroll 'portunus://$GRPC/enroll?pin=sha256:"*) ;; *) die "$enroll" ;; esac
[ "$(portunus-server gen-token | wc -c)" -eq 44 ]
echo 'offline: ok'

portunus-server --data-dir "$DATA" serve 2>server.log &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
export PORTUNUS_OPERATOR_TOKEN="$token"
eventually api list-clients
# The printed line is there to be pasted
[ "$(eval "$enroll --out bundle.json" 2>/dev/null)" = bundle.json ]
portunus-client --bundle bundle.json --stats-report-interval-secs 1 2>client.log &
client=$!
trap 'kill $server $client 2>/dev/null || true' EXIT
connected() { api list-clients | awk '$2 == "edge-01" && $3 == "connected"' | grep -q .; }
eventually connected
echo 'connected: ok'

# Rules: the id is all that is printed
rule=$(api push-rule edge-01 "$PORT" "$TARGET")
[ "$rule" -ge 0 ]
api list-rules --client edge-01 | awk -v id="$rule" '$1 == id { print $NF }' | grep -qx active
exits 5 api push-rule edge-01 "$PORT" "$TARGET"
exits 4 api push-rule nowhere "$PORT" "$TARGET"
exits 3 api push-rule edge-01 9-1 "$TARGET"
exits 2 api push-rule edge-01 9-10 a:9-10 --sni a.example
exits 8 api remove-rule 4711
exits 2 portunus-server push-rule
capped=$(api push-rule edge-01 $((PORT + 1)) --target "$TARGET" --target "$TARGET@7" --bandwidth-in-bps 1048576 ||
  true)
[ -z "$capped" ] || die "the same target twice is refused"
capped=$(api push-rule edge-01 $((PORT + 1)) --target "$TARGET" --bandwidth-in-bps 1048576)
api list-rules | grep -q '↓1.0M'
echo 'rules: ok'

counted() { api rule-stats "$rule" | tr ' ' '\n' | grep -qx "client=edge-01"; }
eventually counted
api rule-stats "$rule" --format json | grep -q '^  "protocol": "tcp",$'
echo 'counters: ok'

# Users and grants speak JSON
printf 'correct horse battery\n' | api user-add alice --display-name Alice --password-stdin |
  grep -q '"user_id": "alice"'
exits 2 api user-add alice --display-name Alice
exits 8 api user-get nobody
grant=$(api grant-add --user-id alice --client edge-01 --listen-port-start 1 --listen-port-end 65535 \
  --protocols tcp,udp | sed -n 's/^  "grant_id": "\(.*\)",$/\1/p')
api grant-list --user-id alice | grep -q "\"grant_id\": \"$grant\""
api grant-revoke "$grant" | grep -q '"removed_rule_ids": \[\]'
exits 8 api grant-revoke "$grant"
(unset PORTUNUS_OPERATOR_TOKEN; exits 4 api user-list)
echo 'users: ok'

# Caps of owners: one word after the other
set_line=$(portunus-server owner-cap set edge-01 _superadmin --concurrent-connections 9 --http-endpoint "$HTTP")
case $set_line in 'owner-cap set client=edge-01 owner=_superadmin updated_at_unix_ms='*) ;; *) die "$set_line" ;; esac
portunus-server owner-cap get edge-01 _superadmin --http-endpoint "$HTTP" | grep -qx 'concurrent_max     9'
portunus-server owner-cap list edge-01 --http-endpoint "$HTTP" | grep -Eq '^_superadmin +2 +capped +$'
portunus-server owner-cap delete edge-01 _superadmin --http-endpoint "$HTTP" |
  grep -qx 'owner-cap deleted client=edge-01 owner=_superadmin'
exits 8 portunus-server owner-cap get edge-01 _superadmin --http-endpoint "$HTTP"
echo 'owner caps: ok'

[ -z "$(api remove-rule "$rule")" ]
api remove-rule "$capped"
[ "$(api list-rules | wc -l)" -eq 1 ]
[ "$(api list-rules --format json)" = '[]' ]
kill -TERM $client $server
wait $client
wait $server
echo 'stopped: ok'

# After the last stop
portunus-server reset-password alice --temporary --data-dir "$DATA" 2>/dev/null |
  grep -qx 'password_reset=ok user_id=alice sessions_revoked=0'
portunus-server revoke edge-01 --data-dir "$DATA" 2>/dev/null
portunus-server audit prune --before 2020-01-01T00:00:00Z --dry-run --data-dir "$DATA" 2>/dev/null |
  grep -qx 'audit_prune dry_run=true would_delete=0'
echo 'offline again: ok'
