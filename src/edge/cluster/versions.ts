/** The Kubernetes release of the local control plane; also in test/cluster/go.mod, which a test compares. */
export const KUBERNETES_VERSION = 'v1.36.3';

/** The release of controller-runtime whose `setup-envtest` fetches ready-made binaries. */
export const SETUP_ENVTEST_VERSION = 'v0.25.1';

/** The pseudo-version of the module `istio.io/istio`; also in test/oracle/go.mod, which a test compares. */
export const ISTIO_MODULE_VERSION = 'v0.0.0-20260827124520-eed52ebb66ad';

/** The part of it that names built binaries. */
export const ISTIO_BUILD = ISTIO_MODULE_VERSION.replace(/^v0\.0\.0-(\d{8})\d{6}-/, '$1-');
