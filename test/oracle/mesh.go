package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/networking/core"
	"istio.io/istio/pilot/pkg/serviceregistry/kube"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/schema/collections"
	kubelib "istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/test"
)

const (
	domain    = "cluster.local"
	clusterID = "Kubernetes"
	revision  = "default"
)

// Mesh is a set of objects as istiod would hold them.
type Mesh struct {
	config   *meshconfig.MeshConfig
	istio    []config.Config
	objects  []runtime.Object
	services []*corev1.Service
	pods     []*corev1.Pod
}

type header struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
}

// readMesh sorts out the objects of a request. The ConfigMap "istio" is the mesh's configuration.
func readMesh(raw []json.RawMessage) (*Mesh, []Rejection, error) {
	m := &Mesh{}
	var rejected []Rejection
	meshText := ""
	for _, text := range raw {
		var head header
		if err := json.Unmarshal(text, &head); err != nil {
			return nil, nil, fmt.Errorf("an object cannot be read: %w", err)
		}
		var err error
		switch {
		case head.Kind == "ConfigMap":
			if head.Name == "istio" {
				meshText, err = textOf(text)
			}
		case isKubernetes(head.APIVersion):
			err = m.addKubernetes(text)
		default:
			err = m.addIstio(text, head)
		}
		if err != nil {
			rejected = append(rejected, Rejection{head.Kind, head.Namespace, head.Name, err.Error()})
		}
	}
	settings, err := mesh.ApplyMeshConfigDefaults(meshText)
	if err != nil {
		return nil, rejected, fmt.Errorf("the mesh configuration cannot be read: %w", err)
	}
	m.config = settings
	return m, rejected, nil
}

func isKubernetes(apiVersion string) bool {
	return !strings.Contains(apiVersion, ".istio.io/")
}

func textOf(text json.RawMessage) (string, error) {
	var configMap corev1.ConfigMap
	err := json.Unmarshal(text, &configMap)
	return configMap.Data["mesh"], err
}

func (m *Mesh) addKubernetes(text json.RawMessage) error {
	object, _, err := kubelib.IstioCodec.UniversalDeserializer().Decode(text, nil, nil)
	if err != nil {
		return err
	}
	switch known := object.(type) {
	case *corev1.Service:
		m.services = append(m.services, known)
	case *corev1.Pod:
		m.pods = append(m.pods, known)
	}
	m.objects = append(m.objects, object)
	return nil
}

// addIstio keeps what istiod would see: what its validation takes, of its own revision.
func (m *Mesh) addIstio(text json.RawMessage, head header) error {
	kind := crd.IstioKind{}
	if err := json.Unmarshal(text, &kind); err != nil {
		return err
	}
	gvk := config.GroupVersionKind{Kind: head.Kind}
	gvk.Group, gvk.Version, _ = strings.Cut(head.APIVersion, "/")
	schema, known := collections.Pilot.FindByGroupVersionAliasesKind(gvk)
	if !known {
		return fmt.Errorf("no schema is known for %s", gvk)
	}
	if len(kind.Spec) == 0 {
		kind.Spec = json.RawMessage("{}")
	}
	converted, err := crd.ConvertObject(schema, &kind, domain)
	if err != nil {
		return err
	}
	if _, err := schema.ValidateConfig(*converted); err != nil {
		return err
	}
	if !config.ObjectInRevision(converted, revision) {
		return nil
	}
	m.istio = append(m.istio, *converted)
	if head.Kind != "ServiceEntry" {
		return nil
	}
	// Routes of the Gateway API find those that they hang on in the cluster, not in Istio's store.
	object, _, err := kubelib.IstioCodec.UniversalDeserializer().Decode(text, nil, nil)
	if err == nil {
		m.objects = append(m.objects, object)
	}
	return err
}

func start(t test.Failer, m *Mesh, full bool) *core.ConfigGenTest {
	if full {
		server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
			Configs: m.istio, KubernetesObjects: m.objects, MeshConfig: m.config,
		})
		return server.ConfigGenTest
	}
	services := make([]*model.Service, 0, len(m.services))
	var instances []*model.ServiceInstance
	for _, one := range m.services {
		service := m.convert(one)
		services = append(services, service)
		instances = append(instances, m.endpointsOf(one, service)...)
	}
	return core.NewConfigGenTest(t, core.TestOptions{
		Configs: m.istio, Services: services, Instances: instances, MeshConfig: m.config, ClusterID: clusterID,
	})
}

func (m *Mesh) convert(one *corev1.Service) *model.Service {
	return kube.ConvertService(*one, nil, domain, clusterID, m.config.GetTrustDomain())
}

// endpointsOf makes endpoints of the pods that a service selects.
func (m *Mesh) endpointsOf(kubeService *corev1.Service, service *model.Service) []*model.ServiceInstance {
	var instances []*model.ServiceInstance
	for _, pod := range m.pods {
		if !selects(kubeService, pod.Namespace, pod.Labels) {
			continue
		}
		for at, port := range service.Ports {
			instances = append(instances, &model.ServiceInstance{
				Service:     service,
				ServicePort: port,
				Endpoint: &model.IstioEndpoint{
					Addresses:       []string{pod.Status.PodIP},
					ServicePortName: port.Name,
					EndpointPort:    targetPort(kubeService.Spec.Ports[at]),
					Labels:          maps.Clone(pod.Labels),
					Namespace:       pod.Namespace,
					TLSMode:         model.GetTLSModeFromEndpointLabels(pod.Labels),
				},
			})
		}
	}
	return instances
}

func selects(service *corev1.Service, namespace string, labels map[string]string) bool {
	if service.Namespace != namespace || len(service.Spec.Selector) == 0 {
		return false
	}
	for key, value := range service.Spec.Selector {
		if labels[key] != value {
			return false
		}
	}
	return true
}

func targetPort(port corev1.ServicePort) uint32 {
	if number := port.TargetPort.IntValue(); number != 0 {
		return uint32(number)
	}
	return uint32(port.Port)
}
