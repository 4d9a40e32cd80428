#!/bin/sh
# @NAME@ @VERSION@ for @TARGET@, self-extracting
# program sha256 @PROGRAM@
# runtime sha256 @RUNTIME@ (Deno @DENO@)
#
# Unpacks the two archives behind this text once, each into a directory named by its digest, then
# becomes the runtime. Needs gzip, tar and one of sha256sum, shasum, openssl the first time, and
# nothing but the shell after that.

set -fu
name=@NAME@
program=@PROGRAM@
runtime=@RUNTIME@
self=$0

fail() {
  printf '%s: %s\n' "$name" "$*" >&2
  exit 1
}

is_unpacked() {
  [ -f "$1/$program/main.js" ] && [ -f "$1/$runtime/deno" ]
}

# Code is run from there, so it has to be ours: under sudo, HOME may be another user's.
is_usable() {
  # shellcheck disable=SC2174 # The parents are not ours to restrict.
  [ -d "$1" ] || mkdir -p -m 700 "$1" 2>/dev/null
  [ -O "$1" ] && { [ -w "$1" ] || is_unpacked "$1"; }
}

choose_base() {
  base=${PORTUNUS_RUNTIME_DIR:-}
  if [ -n "$base" ]; then
    case $base in /*) ;; *) base=$PWD/$base ;; esac
    [ -d "$base" ] || mkdir -p "$base" 2>/dev/null
    [ -w "$base" ] || is_unpacked "$base" || fail "cannot write to PORTUNUS_RUNTIME_DIR $base"
    return
  fi
  # The XDG specification has relative paths ignored.
  case ${XDG_CACHE_HOME:-} in
    /*) base=$XDG_CACHE_HOME/portunus ;;
    *) [ -z "${HOME:-}" ] || base=$HOME/.cache/portunus ;;
  esac
  if [ -z "$base" ] || ! is_usable "$base"; then choose_private_base; fi
}

# Anyone may have made a file of this name in a shared directory.
choose_private_base() {
  uid=$(id -u)
  base=${TMPDIR:-/tmp}/portunus-$uid
  [ -d "$base" ] || mkdir -m 700 "$base" 2>/dev/null || fail "cannot make directory $base"
  # shellcheck disable=SC2046 # Mode, links, owner.
  set -- $(ls -ldn "$base")
  case "$1 $3" in
    drwx--[-S]---*" $uid") ;;
    *) fail "$base is not a private directory of user $uid" ;;
  esac
  [ -w "$base" ] || is_unpacked "$base" || fail "cannot write to $base"
}

# segment OFFSET SIZE: bytes of this file, counted from 1.
segment() {
  tail -c "+$1" "$self" 2>/dev/null | head -c "$2"
}

# unpack DIGEST OFFSET SIZE KILOBYTES: runs in a subshell, so that traps and umask end with it.
unpack() (
  umask 022
  find "$base" -maxdepth 1 -name '.unpack.*' -mmin +60 -exec rm -rf {} + 2>/dev/null

  for sum in 'sha256sum' 'shasum -a 256' 'openssl dgst -sha256 -r' ''; do
    command -v "${sum%% *}" >/dev/null && break
  done
  [ -n "$sum" ] || fail 'cannot verify this file: needs sha256sum, shasum or openssl'
  actual=$(segment "$2" "$3" | $sum)
  [ "${actual%% *}" = "$1" ] || fail "$self is damaged: its checksum does not match"

  temporary=$(mktemp -d "$base/.unpack.XXXXXX" 2>/dev/null) || fail "cannot write to $base"
  trap 'rm -rf "$temporary"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  problem=$({ segment "$2" "$3" | gzip -dc | tar -xf - -C "$temporary"; } 2>&1) || {
    # shellcheck disable=SC2046 # File system, size, used, available.
    set -- "$4" $(df -Pk "$base" 2>/dev/null | tail -n 1)
    [ "${5:-$1}" -ge "$1" ] || problem="disk full, $(($1 / 1024)) MB needed"
    fail "cannot unpack into $base: ${problem%%
*}"
  }
  if [ -f "$temporary/deno" ]; then
    "$temporary/deno" --version >/dev/null 2>&1 ||
      fail "cannot run programs in $base: mounted noexec, or not a system for @TARGET@"
  fi
  chmod 755 "$temporary"
  sync -f "$temporary" 2>/dev/null || sync

  # When another start was first, mv puts the directory inside the other one.
  mv "$temporary" "$base/$1" 2>/dev/null
  rm -rf "${base:?}/$1/${temporary##*/}"
  [ -d "$base/$1" ] || fail "cannot write to $base"
)

# A program does not change with what the user has set for other programs on the same runtime.
clean_environment() {
  while read -r line; do
    case $line in
      'export DENO_'* | 'export NODE_'* | 'export OTEL_'*) variable=${line#export } ;;
      'declare -x DENO_'* | 'declare -x NODE_'* | 'declare -x OTEL_'*) variable=${line#declare -x } ;;
      *) continue ;;
    esac
    variable=${variable%%=*}
    case $variable in *[!A-Za-z0-9_]*) ;; *) unset "$variable" ;; esac
  done <<END
$(export -p)
END
}

clean_environment
choose_base
[ -f "$base/$program/main.js" ] || unpack "$program" @PROGRAM_OFFSET@ @PROGRAM_SIZE@ @PROGRAM_KILOBYTES@ || exit
[ -f "$base/$runtime/deno" ] || unpack "$runtime" @RUNTIME_OFFSET@ @RUNTIME_SIZE@ @RUNTIME_KILOBYTES@ || exit
[ -x "$base/$runtime/deno" ] || fail "cannot run programs in $base: mounted noexec?"

DENO_DIR=$base/$program/.deno
DENO_NO_UPDATE_CHECK=1
DENO_NO_PACKAGE_JSON=1
export DENO_DIR DENO_NO_UPDATE_CHECK DENO_NO_PACKAGE_JSON
exec "$base/$runtime/deno" run @FLAGS@ "$base/$program/main.js" "$@"
