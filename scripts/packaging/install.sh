#!/bin/sh
# Installs, upgrades, rolls back and removes Portunus as a service, from files or from a URL.
# POSIX sh; needs what every Linux has (tar, gzip, sha256sum), and curl or wget for a URL.

set -eu

usage() {
  cat <<'END'
Usage: install.sh [install] ROLE [OPTION]...     ROLE: server, client or standalone
       install.sh upgrade|rollback|uninstall|status|env [ROLE] [OPTION]...
       install.sh service start|stop|restart [ROLE]
       install.sh config get|set KEY [VALUE] [ROLE] [--restart]
                                                 KEY: advertised-endpoint, operator-http-listen, data-dir

  --from PATH                 directory with the programs, or with a release (default: this one's)
  --base-url URL              a release below URL/vX.Y.Z/ instead (or PORTUNUS_BASE_URL)
  --version X.Y.Z             which release; needed with --base-url
  --bin-dir DIR               where the programs go (default /usr/local/bin)
  --data-dir DIR              server: where its state is (default /var/lib/portunus)
  --advertised-endpoint H:P   server: how clients reach it
  --operator-http-listen A:P  server: where the operator API listens
  --expose-operator-http      server: on all addresses, port 7080; put TLS in front of it
  --config PATH               standalone: its rules (default /etc/portunus/standalone.toml)
  --enroll URI                client: redeem this one-time code; - reads it from stdin
  --no-service                install without enabling and starting
  --restart                   after config set
  --purge                     uninstall: the data, too
  --dry-run                   say what would be done, and do nothing
END
}

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

misuse() {
  printf 'error: %s\n' "$*" >&2
  exit 2
}

say() { printf '%s\n' "$*"; }

# Every path of the system goes through this: tests have a root of their own.
root=${PORTUNUS_TEST_CONFIG_ROOT:-}
at() { printf '%s%s' "$root" "$1"; }

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# --- what this machine is -----------------------------------------------------------------------

detect_target() {
  os=$(uname -s)
  arch=$(uname -m)
  case $arch in
    x86_64 | amd64) arch=x86_64 ;;
    aarch64 | arm64) arch=aarch64 ;;
    *) fail "no Portunus for processors of kind $arch" ;;
  esac
  case $os in
    Linux) target=$arch-unknown-linux-gnu ;;
    Darwin) target=$arch-apple-darwin ;;
    *) fail "no Portunus for $os" ;;
  esac
}

detect_init() {
  if command -v systemctl >/dev/null 2>&1 && [ -d "$(at /run/systemd/system)" ]; then
    init=systemd
  elif command -v rc-service >/dev/null 2>&1; then
    init=openrc
  else
    init=none
  fi
}

# --- what is installed --------------------------------------------------------------------------

meta_path() { at "/etc/portunus/.install-meta-$1"; }

# meta_get KEY: empty when there is none.
meta_get() {
  [ -f "$meta" ] || return 0
  sed -n "s/^$1=//p" "$meta" | tail -n 1
}

meta_set() {
  mkdir -p "$(dirname "$meta")"
  touch "$meta"
  { grep -v "^$1=" "$meta" || :; printf '%s=%s\n' "$1" "$2"; } >"$meta.new"
  mv "$meta.new" "$meta"
}

# Finds the one install there is, unless the role was given.
find_install() {
  if [ -z "$role" ]; then
    for candidate in server client standalone; do
      [ -f "$(meta_path "$candidate")" ] || continue
      [ -z "$role" ] || misuse "several roles are installed here: say which one"
      role=$candidate
    done
  fi
  if [ -z "$role" ] || [ ! -f "$(meta_path "$role")" ]; then
    [ "$verb" = status ] && { say "No Portunus install detected"; exit 0; }
    fail "No Portunus install detected"
  fi
  meta=$(meta_path "$role")
  bin_dir=$(meta_get bin_dir)
  init=$(meta_get init)
  config=$(meta_get config)
  [ "$role" != server ] || data_dir=$(meta_get data_dir)
  role_facts
}

role_facts() {
  service=portunus-$role
  case $role in
    server) program=portunus-server user=portunus-server ;;
    client) program=portunus-client user=portunus-client ;;
    standalone) program=portunus-client user=portunus ;;
    *) misuse "$role is not a role: server, client or standalone" ;;
  esac
}

# --- where the programs come from ---------------------------------------------------------------

fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --proto '=https,http' -o "$2" "$1" || fail "cannot download $1"
  elif command -v wget >/dev/null 2>&1; then
    wget -q -O "$2" "$1" || fail "cannot download $1"
  else
    fail 'downloading needs curl or wget'
  fi
}

sum_of() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum "$1"
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 "$1"
  else
    fail 'cannot verify: needs sha256sum or shasum'
  fi | cut -d ' ' -f 1
}

# verify LIST FILE: the list has to have the file, with its sum.
verify() {
  name=$(basename "$2")
  expected=$(sed -n "s/^\([0-9a-f]\{64\}\)[ *]*$(printf '%s' "$name" | sed 's/[.]/\\./g')\$/\1/p" "$1")
  [ -n "$expected" ] || fail "$(basename "$1") does not have $name"
  [ "$(sum_of "$2")" = "$expected" ] || fail "the checksum of $name does not match: nothing was installed"
}

# Leaves a verified directory with the programs in $source.
find_source() {
  detect_target
  if [ -n "$base_url" ]; then
    [ -n "$version" ] || misuse "--base-url needs --version"
    asset=portunus-$version-$target.tar.gz
    list=portunus-$version-checksums.txt
    fetch "$base_url/v$version/$list" "$work/$list"
    fetch "$base_url/v$version/$asset" "$work/$asset"
    unpack "$work" "$asset" "$list"
    return
  fi
  [ -n "$from" ] || from=$here
  [ -d "$from" ] || fail "$from is not a directory"
  if [ -f "$from/$program" ]; then
    source=$from
    if [ -f "$source/SHA256SUMS" ]; then verify "$source/SHA256SUMS" "$source/$program"; fi
    return
  fi
  [ -n "$version" ] || version=$(newest_in "$from")
  [ -n "$version" ] || fail "$from has neither $program nor a release for $target"
  unpack "$from" "portunus-$version-$target.tar.gz" "portunus-$version-checksums.txt"
}

newest_in() {
  for file in "$1"/portunus-*-"$target".tar.gz; do
    [ -f "$file" ] || continue
    file=${file##*/portunus-}
    say "${file%-"$target".tar.gz}"
  done | sort -t . -k 1,1n -k 2,2n -k 3,3n | tail -n 1
}

unpack() {
  [ -f "$1/$2" ] || fail "$1 has no $2"
  [ -f "$1/$3" ] || fail "$1 has no $3: cannot verify"
  verify "$1/$3" "$1/$2"
  gzip -dc "$1/$2" | tar -xf - -C "$work"
  source=$work/${2%.tar.gz}
  [ -f "$source/$program" ] || fail "$2 has no $program"
}

version_of() {
  PORTUNUS_RUNTIME_DIR=$work/runtime "$1" --version | sed -n 's/^portunus-[a-z]* \([0-9][^ ]*\).*/\1/p'
}

# The services' files are beside the programs in a release, beside this script in the source tree.
packaged() {
  for directory in "$here" "$source" "${source:-$here}/packaging"; do
    [ -f "$directory/$1" ] && { printf '%s' "$directory/$1"; return; }
  done
  fail "$1 is missing beside this script"
}

# --- services -----------------------------------------------------------------------------------

make_user() {
  [ -z "$root" ] || return 0
  id "$user" >/dev/null 2>&1 && return 0
  if command -v useradd >/dev/null 2>&1; then
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
  else
    addgroup -S "$user" 2>/dev/null || :
    adduser -S -D -H -h /nonexistent -s /sbin/nologin -G "$user" "$user"
  fi
}

# own OWNER MODE PATH
own() {
  chmod "$2" "$3"
  [ -n "$root" ] || chown "$1" "$3"
}

make_directories() {
  mkdir -p "$(at /etc/portunus)"
  # Every role's user has to pass; what is inside has modes of its own.
  own root:root 0755 "$(at /etc/portunus)"
  if [ "$role" = server ]; then
    mkdir -p "$(at "$data_dir")"
    own "$user:$user" 0750 "$(at "$data_dir")"
  fi
  if [ "$role" = standalone ] && [ -f "$(at "$config")" ]; then own "root:$user" 0640 "$(at "$config")"; fi
}

arguments() {
  case $role in
    server)
      printf '%s' "--data-dir $data_dir serve"
      [ -z "$operator_http_listen" ] || printf '%s' " --operator-http-listen $operator_http_listen"
      [ -z "$advertised_endpoint" ] || printf '%s' " --advertised-endpoint $advertised_endpoint"
      ;;
    client) printf '%s' "--bundle /etc/portunus/client.bundle.json" ;;
    standalone) printf '%s' "standalone --config $config" ;;
  esac
}

render_dropin() {
  say '[Service]'
  say 'ExecStart='
  say "ExecStart=$bin_dir/$program $(arguments)"
  take_over="{ $bin_dir/$program $(arguments) --take-over & } | read -r _"
  case $role in
    client) say 'ExecReload=' && say "ExecReload=/bin/sh -c '$take_over'" ;;
    standalone)
      say 'ExecReload='
      say "ExecReload=/bin/sh -c 'if rm /run/portunus/upgrade 2>/dev/null; then $take_over; else kill -HUP \$MAINPID; fi'"
      ;;
  esac
  if [ "$role" = server ] && [ "$data_dir" != /var/lib/portunus ]; then
    say 'StateDirectory='
    say "ReadWritePaths=$data_dir"
  fi
}

render_confd() {
  case $role in
    server)
      say "datadir=\"$data_dir\""
      rest=$(arguments)
      say "server_args=\"${rest#*serve}\""
      ;;
    client) say 'bundle="/etc/portunus/client.bundle.json"' ;;
    standalone) say "cfgfile=\"$config\"" ;;
  esac
}

write_service() {
  case $init in
    systemd)
      units=$(at /etc/systemd/system)
      mkdir -p "$units/$service.service.d"
      cp "$(packaged "systemd/$service.service")" "$units/$service.service"
      chmod 0644 "$units/$service.service"
      render_dropin >"$units/$service.service.d/10-portunus.conf"
      systemctl daemon-reload
      ;;
    openrc)
      mkdir -p "$(at /etc/init.d)" "$(at /etc/conf.d)"
      sed "s|/usr/local/bin|$bin_dir|" "$(packaged "openrc/$service.initd")" >"$(at "/etc/init.d/$service")"
      chmod 0755 "$(at "/etc/init.d/$service")"
      render_confd >"$(at "/etc/conf.d/$service")"
      ;;
  esac
}

remove_service() {
  case $init in
    systemd)
      systemctl disable --now "$service" 2>/dev/null || :
      rm -rf "$(at "/etc/systemd/system/$service.service")" "$(at "/etc/systemd/system/$service.service.d")"
      systemctl daemon-reload
      ;;
    openrc)
      rc-service "$service" stop 2>/dev/null || :
      rc-update del "$service" default 2>/dev/null || :
      rm -f "$(at "/etc/init.d/$service")" "$(at "/etc/conf.d/$service")"
      ;;
  esac
}

control() {
  case $init in
    systemd) systemctl "$1" "$service" ;;
    openrc) rc-service "$service" "$1" ;;
    none) fail "there is no service manager here: run $bin_dir/$program $(arguments)" ;;
  esac
}

# Has the new program take over the ports of the old one, where that can be; else restarts it.
renew() {
  if [ "$init" = systemd ] && [ "$role" != server ]; then
    marker=$(at /run/portunus/upgrade)
    [ "$role" = client ] || touch "$marker" 2>/dev/null || :
    if systemctl reload "$service"; then
      say 'the new process took over; the connections of the old one drain'
      return
    fi
    rm -f "$marker"
    say 'it cannot be taken over from: restarting' >&2
  fi
  control restart
}

is_running() {
  case $init in
    systemd) systemctl is-active --quiet "$service" ;;
    openrc) rc-service "$service" status >/dev/null 2>&1 ;;
    none) false ;;
  esac
}

enable_and_start() {
  case $init in
    systemd) systemctl enable --now "$service" ;;
    openrc) rc-update add "$service" default && rc-service "$service" start ;;
    none) say "no service manager found; run: $bin_dir/$program $(arguments)" ;;
  esac
}

# put FILE: replaces the program in one step; a process that runs it goes on with the old one.
put() {
  mkdir -p "$(at "$bin_dir")"
  cp "$1" "$(at "$bin_dir/.$program.new")"
  chmod 0755 "$(at "$bin_dir/.$program.new")"
  mv "$(at "$bin_dir/.$program.new")" "$(at "$bin_dir/$program")"
}

# --- verbs --------------------------------------------------------------------------------------

plan() {
  detect_target
  line() { printf '%-20s %s\n' "$1:" "$2"; }
  line role "$role"
  line target "$target"
  line version "${version:-of what is found}"
  line from "${base_url:-${from:-$here}}"
  line deploy binary
  line bin_dir "$bin_dir"
  line init "$init"
  line service "$service"
  line command "$bin_dir/$program $(arguments)"
  if [ "$role" = server ]; then line data_dir "$data_dir"; fi
  [ -z "$enroll" ] || line enroll_uri "$(printf '%s' "$enroll" | sed 's/code=[^&]*/code=***/')"
  line actions "verify, user, directories, program, service$([ -z "$no_service" ] && printf ', start')"
}

install() {
  meta=$(meta_path "$role")
  if [ -n "$dry_run" ]; then
    plan
    return
  fi
  find_source
  found=$(version_of "$source/$program")
  [ -n "$found" ] || fail "$source/$program does not run here"
  [ -z "$version" ] || [ "$found" = "$version" ] || fail "$program is $found, not $version"
  make_user
  make_directories
  put "$source/$program"
  write_service
  for entry in "role=$role" deploy=binary "version=$found" "init=$init" "bin_dir=$bin_dir" \
    "data_dir=$data_dir" "config=$config" "advertised_endpoint=$advertised_endpoint" \
    "operator_http_listen=$operator_http_listen" "installed_at=$(date -u +%Y-%m-%dT%H:%M:%SZ)"; do
    meta_set "${entry%%=*}" "${entry#*=}"
  done
  [ -z "$enroll" ] || enroll_client
  say "installed $program $found"
  if [ -n "$no_service" ]; then
    return
  elif [ "$role" = standalone ] && [ ! -f "$(at "$config")" ]; then
    say "not started: write $config, then: install.sh service start standalone"
  elif [ "$role" = client ] && [ ! -f "$(at /etc/portunus/client.bundle.json)" ]; then
    say "not started: enroll it first, see --enroll"
  elif is_running; then
    control restart
  else
    enable_and_start
  fi
}

enroll_client() {
  bundle=$(at /etc/portunus/client.bundle.json)
  [ "$enroll" != - ] || read -r enroll
  # From stdin: arguments can be read by everyone on this machine.
  printf '%s\n' "$enroll" | PORTUNUS_RUNTIME_DIR=$work/runtime \
    "$(at "$bin_dir/$program")" enroll - --out "$work/bundle.json" >/dev/null ||
    fail 'enrollment failed; nothing was started'
  cp "$work/bundle.json" "$bundle.new"
  own "root:$user" 0640 "$bundle.new"
  mv "$bundle.new" "$bundle"
}

upgrade() {
  find_source
  old=$(meta_get version)
  new=$(version_of "$source/$program")
  [ -n "$new" ] || fail "$source/$program does not run here"
  if [ "$old" = "$new" ]; then
    say "$program is $old already"
    return
  fi
  if [ "$role" = server ] && [ -f "$(at "$data_dir/state.db")" ]; then
    copy=$data_dir/before-$new-$(date -u +%Y%m%dT%H%M%SZ).db
    PORTUNUS_RUNTIME_DIR=$work/runtime "$(at "$bin_dir/$program")" --data-dir "$(at "$data_dir")" backup --out "$(at "$copy")" >/dev/null ||
      fail "cannot copy the store; nothing was changed"
    say "the store before the upgrade: $copy"
  fi
  cp "$(at "$bin_dir/$program")" "$(at "$bin_dir/$program.previous")"
  put "$source/$program"
  write_service
  meta_set previous_version "$old"
  meta_set version "$new"
  if is_running && ! renew; then
    say "$new does not start: back to $old" >&2
    rollback
    exit 1
  fi
  say "upgraded $program $old to $new"
}

rollback() {
  previous=$(at "$bin_dir/$program.previous")
  [ -f "$previous" ] || fail "there is no previous $program"
  old=$(meta_get previous_version)
  put "$previous"
  rm -f "$previous"
  meta_set version "$old"
  meta_set previous_version ''
  say "rolled back $program to $old"
  if [ "$role" = server ]; then
    say "if it says schema_version_too_new: stop it, then restore --in $data_dir/before-….db --force"
  fi
  case $init in none) ;; *) control restart ;; esac
}

uninstall() {
  remove_service
  shared=
  for other in client standalone; do
    if [ "$other" != "$role" ] && [ "$role" != server ] && [ -f "$(meta_path "$other")" ]; then shared=1; fi
  done
  [ -n "$shared" ] || rm -f "$(at "$bin_dir/$program")" "$(at "$bin_dir/$program.previous")"
  rm -f "$meta"
  if [ -n "$purge" ]; then
    case $role in
      server) rm -rf "$(at "${data_dir:?}")" ;;
      client) rm -rf "$(at /etc/portunus/client.bundle.json)" "$(at /var/lib/portunus-client)" ;;
      standalone) rm -f "$(at "$config")" ;;
    esac
    rm -rf "$(at "/var/cache/portunus-$role")"
  fi
  say "removed $service"
}

status() {
  say "meta: $meta"
  for key in role deploy version previous_version init bin_dir; do say "$key: $(meta_get "$key")"; done
  if [ "$role" = server ]; then
    say "data_dir: $data_dir"
    say "advertised_endpoint: $(meta_get advertised_endpoint)"
  fi
  if is_running; then say 'service: running'; else say 'service: not running'; fi
}

settings() {
  case $1 in
    advertised-endpoint | operator-http-listen | data-dir) ;;
    *) fail "unknown key $1" ;;
  esac
  [ "$role" = server ] || misuse "only a server has settings; edit $config"
  key=$(printf '%s' "$1" | tr - _)
}

config_get() {
  settings "$1"
  value=$(meta_get "$key")
  say "${value:-<unset>}"
}

config_set() {
  settings "$1"
  case $1:$2 in
    data-dir:/*) ;;
    data-dir:*) misuse 'data-dir must be an absolute path' ;;
    *:*[!A-Za-z0-9.:_\[\]-]*) misuse "not an address: $2" ;;
    *:*:[0-9]*) ;;
    *) misuse "$1 must be host:port" ;;
  esac
  advertised_endpoint=$(meta_get advertised_endpoint)
  operator_http_listen=$(meta_get operator_http_listen)
  cp "$meta" "$meta.portunus.$(date -u +%s).bak"
  case $key in
    advertised_endpoint) advertised_endpoint=$2 ;;
    operator_http_listen) operator_http_listen=$2 ;;
    data_dir)
      data_dir=$2
      make_directories
      ;;
  esac
  meta_set "$key" "$2"
  source=$here
  write_service
  [ -z "$restart" ] || control restart
}

# --- the command line ---------------------------------------------------------------------------

[ $# -gt 0 ] || { usage >&2; exit 2; }

verb='' role='' words='' from='' version='' bin_dir=/usr/local/bin data_dir=/var/lib/portunus
base_url=${PORTUNUS_BASE_URL:-} source='' advertised_endpoint='' operator_http_listen=''
config=/etc/portunus/standalone.toml enroll='' no_service='' restart='' purge='' dry_run='' meta=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help | --help-all) usage; exit 0 ;;
    --detect-init) detect_init; say "$init"; exit 0 ;;
    --from | --base-url | --version | --bin-dir | --data-dir | --advertised-endpoint | \
      --operator-http-listen | --config | --enroll)
      [ $# -gt 1 ] || fail "$1 needs a value"
      name=$(printf '%s' "${1#--}" | tr - _)
      value=$2
      case $name in
        version) version=${value#v} ;;
        config) case $value in /*) config=$value ;; *) config=$PWD/$value ;; esac ;;
        from) from=$value ;;
        base_url) base_url=${value%/} ;;
        bin_dir) bin_dir=$value ;;
        data_dir) data_dir=$value ;;
        advertised_endpoint) advertised_endpoint=$value ;;
        operator_http_listen) operator_http_listen=$value ;;
        enroll) enroll=$value ;;
      esac
      shift
      ;;
    --expose-operator-http)
      operator_http_listen=0.0.0.0:7080
      say 'warning: the operator API will be reachable without TLS' >&2
      ;;
    --no-service) no_service=1 ;;
    --restart) restart=1 ;;
    --purge) purge=1 ;;
    --dry-run) dry_run=1 ;;
    -*) fail "unknown argument $1" ;;
    server | client | standalone) role=$1 ;;
    *) if [ -z "$verb" ]; then verb=$1; else words="$words $1"; fi ;;
  esac
  shift
done
[ -n "$verb" ] || verb=install
for value in "$bin_dir" "$data_dir" "$config" "$advertised_endpoint" "$operator_http_listen"; do
  case $value in *[!A-Za-z0-9./:_\[\]@+-]*) misuse "not a path or an address: $value" ;; esac
done
# shellcheck disable=SC2086 # Words of the command line; none has a space that means something.
set -- $words

if [ -z "$dry_run" ] && [ -z "$root" ]; then
  case $verb in status | env) ;; *) [ "$(id -u)" = 0 ] || fail 'must be run as root' ;; esac
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
detect_init

case $verb in
  install)
    [ -n "$role" ] || misuse 'say a role: server, client or standalone'
    role_facts
    install
    ;;
  upgrade | rollback | uninstall | status) find_install; "$verb" ;;
  service)
    find_install
    case ${1:-} in start | stop | restart) control "$1" ;; *) misuse 'service start, stop or restart' ;; esac
    ;;
  config)
    find_install
    case ${1:-}:$# in
      get:2) config_get "$2" ;;
      set:3) config_set "$2" "$3" ;;
      *) misuse 'config get KEY, or config set KEY VALUE' ;;
    esac
    ;;
  env)
    find_install
    for key in advertised_endpoint operator_http_listen data_dir; do say "$key=$(meta_get "$key")"; done
    ;;
  *) fail "unknown argument $verb" ;;
esac
