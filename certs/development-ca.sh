#!/usr/bin/env bash
# Makes a certification authority and a serving certificate for Meshwarden, for development: the keys lie in files.
# In a cluster use `--cert-mode self` (the default) or cert-manager; see README.md.
set -euo pipefail

readonly SERVICE="meshwarden.meshwarden-system.svc"
ca_days=365
leaf_days=30
folder=""
names="DNS:$SERVICE,DNS:$SERVICE.cluster.local,DNS:localhost,IP:127.0.0.1,IP:::1"

usage() {
  cat <<USAGE
Usage: development-ca.sh [--name NAME]... [--ca-days N] [--days N] FOLDER

Writes ca.crt, ca.key, tls.crt and tls.key into FOLDER, which may not be part of a git working tree.
If FOLDER holds a CA that has not ended, it is kept and only the serving certificate is made anew.

Options:
  --name NAME   a further DNS name or IP address of the serving certificate
  --ca-days N   how long a new CA lives ($ca_days)
  --days N      how long the serving certificate lives ($leaf_days)
  -h, --help    print this

Exit codes: 0 done; 1 openssl failed; 2 wrong usage; 3 openssl is missing.
USAGE
}

quit() {
  local code="$1"
  shift
  printf 'development-ca.sh: %s\n' "$*" >&2
  exit "$code"
}

number() {
  case "$2" in
    '' | *[!0-9]* | 0*) quit 2 "$1 must be followed by a whole number of days above 0" ;;
    *) printf '%s' "$2" ;;
  esac
}

while [ $# -gt 0 ]; do
  case "$1" in
    --name | --ca-days | --days)
      [ $# -ge 2 ] || quit 2 "$1 must be followed by a value; see --help"
      case "$1" in
        --name)
          case "$2" in
            '' | *[!A-Za-z0-9.:*-]*) quit 2 "'$2' is neither a DNS name nor an IP address" ;;
            *:*) names="$names,IP:$2" ;;
            *[!0-9.]*) names="$names,DNS:$2" ;;
            *) names="$names,IP:$2" ;;
          esac
          ;;
        --ca-days) ca_days="$(number "$1" "$2")" ;;
        --days) leaf_days="$(number "$1" "$2")" ;;
      esac
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    -*) quit 2 "'$1' is not an option; see --help" ;;
    *)
      [ -z "$folder" ] || quit 2 "only one FOLDER may be given"
      folder="$1"
      ;;
  esac
  shift
done

[ -n "$folder" ] || quit 2 "FOLDER must be given; see --help"
command -v openssl >/dev/null 2>&1 || quit 3 "openssl is not on the PATH"

umask 077
existing="$folder"
while [ ! -d "$existing" ]; do existing="$(dirname -- "$existing")"; done
if [ "$(git -C "$existing" rev-parse --is-inside-work-tree 2>/dev/null)" = true ]; then
  quit 2 "'$folder' is part of a git working tree; keys must not come near one"
fi
mkdir -p -- "$folder"
cd -- "$folder"

work="$(mktemp -d)"
trap 'rm -rf -- "$work"' EXIT

# RFC 5280: a CA names its constraints and key use as critical, and both certificates their key identifiers; that is what
# `openssl verify -x509_strict`, and with it Python, Java and newer Go clients, insist on.
cat >"$work/openssl.cnf" <<CONFIG
[req]
distinguished_name = name
prompt = no
[name]
CN = unused
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
subjectAltName = $names
CONFIG

if [ -s ca.crt ] && [ -s ca.key ] && openssl x509 -in ca.crt -noout -checkend 86400 >/dev/null 2>&1; then
  printf 'kept the CA of %s\n' "$folder" >&2
else
  openssl ecparam -name prime256v1 -genkey -noout -out "$work/ca.key"
  openssl req -x509 -new -sha256 -days "$ca_days" -config "$work/openssl.cnf" -extensions ca \
    -subj "/CN=Meshwarden development CA" -key "$work/ca.key" -out "$work/ca.crt" ||
    quit 1 "the CA was not made"
  mv -- "$work/ca.key" ca.key
  mv -- "$work/ca.crt" ca.crt
fi

openssl ecparam -name prime256v1 -genkey -noout -out "$work/tls.key"
openssl req -new -sha256 -config "$work/openssl.cnf" -subj "/CN=$SERVICE" -key "$work/tls.key" -out "$work/tls.csr" ||
  quit 1 "the request was not made"
openssl x509 -req -sha256 -days "$leaf_days" -in "$work/tls.csr" -CA ca.crt -CAkey ca.key \
  -set_serial "0x$(openssl rand -hex 16 | sed 's/^./1/')" -extfile "$work/openssl.cnf" -extensions leaf -out "$work/tls.crt" 2>/dev/null ||
  quit 1 "the serving certificate was not made"
openssl verify -x509_strict -CAfile ca.crt "$work/tls.crt" >/dev/null || quit 1 "the certificate does not verify"

# The key first: a reader that sees the new certificate finds its key.
mv -- "$work/tls.key" tls.key
mv -- "$work/tls.crt" tls.crt
printf 'wrote ca.crt, ca.key, tls.crt and tls.key to %s; the caBundle is:\n' "$folder" >&2
openssl base64 -A -in ca.crt
printf '\n'
