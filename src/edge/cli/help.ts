import type { Option } from 'commander';

/** What stands below the options in the help of the program and of each command: examples above all. */
export const HELP = {
  program: `
Exit codes: 0 nothing refused, 1 something found, 2 usage, configuration, unreadable input or our own fault.

Examples:
  meshwarden demo                                 see it at work on a real API server of your own machine
  meshwarden check deploy/                        judge the manifests of a folder
  kubectl kustomize overlays/live | meshwarden check - --context live.yaml
  meshwarden audit                                judge what is in a cluster already
  meshwarden explain MW401                        what a rule demands, why, and how to mend
  meshwarden baseline validate my-baseline.yaml   every problem with line and column`,
  completion: `
Examples:
  source <(meshwarden completion bash)                 # in ~/.bashrc or ~/.zshrc, there with zsh
  meshwarden completion fish > ~/.config/fish/completions/meshwarden.fish`,
  check: `
Examples:
  meshwarden check vs.yaml
  meshwarden check deploy/ --complete
  helm template chart | meshwarden check - --namespace shop -o json
  meshwarden check new.yaml --context live/ --fail-on warning`,
  audit: `
Reads every kind that a rule looks at, and writes nothing to the cluster.

Examples:
  meshwarden audit
  meshwarden audit --context-name live -o json --output-file audit.json
  meshwarden audit --kubeconfig ~/.kube/live --fail-on warning`,
  explain: `
Examples:
  meshwarden explain
  meshwarden explain MW401
  meshwarden explain bounded-retries -o json
  meshwarden explain MW405 --graph table --context deploy/     what each call of a path may take, and how often it is tried
  meshwarden explain MW405 --graph mermaid > calls.mmd`,
  baseline: `
Examples:
  meshwarden baseline validate my-baseline.yaml
  meshwarden baseline show -o json
  meshwarden baseline schema > baseline.schema.json`,
  baselineValidate: '\nExamples:\n  meshwarden baseline validate\n  meshwarden baseline validate my-baseline.yaml',
  baselineShow: '\nExamples:\n  meshwarden baseline show\n  meshwarden baseline show my-baseline.yaml -o json',
  baselineSchema: '\nExample:\n  meshwarden baseline schema > baseline.schema.json',
  serve: `
Examples:
  meshwarden serve --baseline /etc/meshwarden/baseline.yaml              in a pod, as deploy/base starts it
  meshwarden serve --cert-mode files --cert-dir ~/.meshwarden/certs --kubeconfig ~/.kube/config
  meshwarden serve --kubeconfig ~/.kube/config --host 127.0.0.1 --register https://127.0.0.1:9443`,
  demo: `
Without --kubeconfig a control plane is started on 127.0.0.1: the one of KUBEBUILDER_ASSETS, one that was built
before, one that setup-envtest fetches, or one that Go builds, which takes about five minutes, once. Istio's CRDs
come from its Go module; without Go give them: the output of \`istioctl manifest generate\` will do.

Examples:
  meshwarden demo                                try things yourself afterwards; Ctrl-C ends it
  meshwarden demo --once
  meshwarden demo --kubeconfig ~/.kube/test      a cluster that has none of the platform's namespaces
  KUBEBUILDER_ASSETS=~/k8s/bin meshwarden demo --crds istio.yaml`,
} as const;

/** Says the choices, and a default where it tells something: commander would say `default: false` and `default: []` too. */
export function optionDescription({ description, argChoices, defaultValue }: Option): string {
  const isTelling = typeof defaultValue === 'string' || typeof defaultValue === 'number';
  const extra = [argChoices?.join(', '), isTelling ? `default: ${defaultValue}` : undefined].filter(Boolean);
  return extra.length === 0 ? description : `${description} (${extra.join('; ')})`;
}
