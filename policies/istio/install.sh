#!/usr/bin/env bash
# Installs Istio and the LLMOptimizer mesh baseline, in the order of the document. Safe to run again: every step applies.
set -euo pipefail

readonly MIN_KUBERNETES_MINOR=32 # Istio 1.31 supports Kubernetes 1.32 and later; the document's 1.23 is long past.
readonly MIN_ISTIO_MINOR=31
readonly NAMESPACES="istio-system istio-ingress istio-egress llmoptimizer llmoptimizer-data"

here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
readonly here
dry_run=false
skip_control_plane=false
wait_ready=true
context=""

usage() {
  cat <<'USAGE'
Usage: install.sh [options]

Installs the control plane, then namespaces, security, traffic management, telemetry and gateways.

Options:
  --dry-run             change nothing; let the API server judge everything that it can judge already
  --skip-control-plane  Istio is there already: leave out step 1
  --no-wait             do not wait for istiod and the gateways to become ready
  --context NAME        use this context of the kubeconfig
  -h, --help            print this

Exit codes: 0 done; 1 a step was refused or failed; 2 wrong usage; 3 a prerequisite is missing.
USAGE
}

say() { printf '%s\n' "$*" >&2; }
step() { say ""; say "[$1/6] $2"; }

quit() {
  local code="$1"
  shift
  say "install.sh: $*"
  exit "$code"
}

kube() {
  if [ -n "$context" ]; then kubectl --context "$context" "$@"; else kubectl "$@"; fi
}

istio() {
  if [ -n "$context" ]; then istioctl --context "$context" "$@"; else istioctl "$@"; fi
}

parse_options() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --dry-run) dry_run=true ;;
      --skip-control-plane) skip_control_plane=true ;;
      --no-wait) wait_ready=false ;;
      --context)
        [ $# -ge 2 ] || quit 2 "--context must be followed by a name; see --help"
        context="$2"
        shift
        ;;
      -h | --help)
        usage
        exit 0
        ;;
      *) quit 2 "'$1' is not an option; see --help" ;;
    esac
    shift
  done
}

# Prints the minor number of the first '1.<minor>' in a text, or nothing.
minor_of() {
  printf '%s\n' "$1" | sed -n 's/.*[^0-9]1\.\([0-9][0-9]*\).*/\1/p' | head -n 1
}

check_prerequisites() {
  local answer minor
  command -v kubectl >/dev/null 2>&1 ||
    quit 3 "kubectl is not on the PATH; see https://kubernetes.io/docs/tasks/tools/"
  command -v istioctl >/dev/null 2>&1 ||
    quit 3 "istioctl is not on the PATH; see https://istio.io/latest/docs/setup/getting-started/"

  answer="$(kube version -o json --request-timeout=10s 2>/dev/null)" ||
    quit 3 "the cluster does not answer; check 'kubectl cluster-info' and --context"
  # Of the three gitVersions (client, kustomize has none, server) the server's stands last.
  minor="$(minor_of "$(printf '%s\n' "$answer" | grep '"gitVersion"' | tail -n 1)")"
  if [ -z "$minor" ] || [ "$minor" -lt "$MIN_KUBERNETES_MINOR" ]; then
    quit 3 "the cluster is Kubernetes 1.${minor:-?}; must be 1.$MIN_KUBERNETES_MINOR or later"
  fi

  minor="$(minor_of " $(istioctl version --remote=false 2>/dev/null)")"
  if [ -z "$minor" ]; then
    say "note: istioctl does not name its release; these files are written for Istio 1.$MIN_ISTIO_MINOR"
  elif [ "$minor" -lt "$MIN_ISTIO_MINOR" ]; then
    quit 3 "istioctl is 1.$minor; must be 1.$MIN_ISTIO_MINOR or later"
  fi
}

# The ingress gateway's certificate is no part of the baseline; without it port 443 answers nobody.
note_missing_certificate() {
  kube get secret llmoptimizer-ingress-cert -n istio-ingress >/dev/null 2>&1 ||
    say "note: the Secret istio-ingress/llmoptimizer-ingress-cert is not there; the ingress gateway needs it for HTTPS"
}

# Whether the API server can be asked about namespaced Istio objects yet.
server_can_judge() {
  local namespace
  kube get crd virtualservices.networking.istio.io >/dev/null 2>&1 || return 1
  for namespace in $NAMESPACES; do
    kube get namespace "$namespace" >/dev/null 2>&1 || return 1
  done
}

apply() {
  local path="$here/$1"
  if [ "$dry_run" = false ]; then
    kube apply -f "$path" || quit 1 "'$1' was not applied whole; mend what stands above and run this again"
  elif server_can_judge; then
    kube apply --dry-run=server -f "$path" || quit 1 "'$1' would be refused"
  else
    say "note: Istio's types or the namespaces are not in the cluster yet; '$1' is checked by istioctl alone"
    istioctl validate -f "$path" || quit 1 "'$1' would be refused"
  fi
}

install_control_plane() {
  if [ "$skip_control_plane" = true ]; then
    say "left out (--skip-control-plane)"
    kube get crd virtualservices.networking.istio.io >/dev/null 2>&1 || [ "$dry_run" = true ] ||
      quit 3 "Istio's types are not in the cluster; run this without --skip-control-plane"
    return
  fi
  if [ "$dry_run" = true ]; then
    istio install -f "$here/base/istio-operator.yaml" -y --dry-run || quit 1 "the control plane would not be installed"
  else
    istio install -f "$here/base/istio-operator.yaml" -y || quit 1 "the control plane was not installed"
  fi
}

wait_until_ready() {
  [ "$dry_run" = false ] && [ "$wait_ready" = true ] || return 0
  say ""
  say "Waiting for the gateways"
  local gateway
  for gateway in ingress egress; do
    kube rollout status "deployment/istio-${gateway}gateway" -n "istio-$gateway" --timeout=5m ||
      quit 1 "the $gateway gateway is not ready; see 'kubectl describe pods -n istio-$gateway'"
  done
}

main() {
  parse_options "$@"
  check_prerequisites

  step 1 "Istio control plane"
  install_control_plane
  step 2 "Namespaces"
  apply base/namespaces.yaml
  step 3 "Security policies"
  apply security/
  step 4 "Traffic management"
  apply traffic-management/
  step 5 "Telemetry"
  apply telemetry/
  step 6 "Gateways"
  apply gateways/
  note_missing_certificate
  wait_until_ready

  say ""
  if [ "$dry_run" = true ]; then
    say "Nothing was changed."
  else
    # 'istioctl verify-install' of the document was removed in Istio 1.24; these two took its place.
    say "Done. To verify: 'istioctl analyze --all-namespaces' and 'istioctl proxy-status'."
  fi
}

main "$@"
