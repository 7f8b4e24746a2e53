package main

import (
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/networking/core"
	"istio.io/istio/pkg/config/mesh"
)

// istioVersion is what proxies say that they are; it must be the release of the module.
const istioVersion = "1.31.0"

func answerProxy(server *core.ConfigGenTest, m *Mesh, question ProxyQuestion) ProxyAnswer {
	proxy := server.SetupProxy(m.proxyOf(question))
	proxy.ServiceTargets = m.targetsOf(question)
	listeners := server.Listeners(proxy)
	answer := ProxyAnswer{
		Routes:   map[string][]VirtualHost{},
		Clusters: map[string]Cluster{},
		Inbound:  map[uint32]string{},
		Tracing:  tracingOf(listeners),
		Layer4:   layer4Of(listeners),
	}
	for _, configuration := range server.RoutesFromListeners(proxy, listeners) {
		answer.Routes[configuration.Name] = virtualHostsOf(configuration)
	}
	for _, cluster := range server.Clusters(proxy) {
		if reduced, leadsOut := clusterOf(cluster); leadsOut {
			answer.Clusters[cluster.Name] = reduced
		}
	}
	if question.Kind == "gateway" {
		answer.Authorization = authorizationOfChains(chainsOf(listeners, isGatewayListener))
		return answer
	}
	inbound := chainsOf(listeners, isVirtualInbound)
	for _, port := range question.Ports {
		answer.Inbound[port] = acceptedOn(inbound, port)
	}
	answer.Authorization = authorizationOfChains(inbound)
	answer.Outbound = outboundOf(listeners)
	answer.Egress = egressOf(proxy, listeners)
	return answer
}

func (m *Mesh) proxyOf(question ProxyQuestion) *model.Proxy {
	kind := model.SidecarProxy
	if question.Kind == "gateway" {
		kind = model.Router
	}
	metadata := &model.NodeMetadata{
		IstioVersion: istioVersion,
		ClusterID:    clusterID,
		Namespace:    question.Namespace,
		Labels:       question.Labels,
	}
	// The injector merges the annotation into the mesh's defaults and hands the whole to the proxy.
	if merged, err := mesh.MergeProxyConfig(question.ProxyConfig, m.config.GetDefaultConfig()); err == nil {
		metadata.ProxyConfig = (*model.NodeMetaProxyConfig)(merged)
	}
	return &model.Proxy{
		Type:            kind,
		ID:              "pod." + question.Namespace,
		ConfigNamespace: question.Namespace,
		IPAddresses:     []string{"10.250.0.1"},
		Labels:          question.Labels,
		Metadata:        metadata,
	}
}

// targetsOf returns the services that lead to a workload, by their selectors.
func (m *Mesh) targetsOf(question ProxyQuestion) []model.ServiceTarget {
	var targets []model.ServiceTarget
	for _, one := range m.services {
		if !selects(one, question.Namespace, question.Labels) {
			continue
		}
		service := m.convert(one)
		for at, port := range service.Ports {
			target := model.ServiceInstancePort{ServicePort: port, TargetPort: targetPort(one.Spec.Ports[at])}
			targets = append(targets, model.ServiceTarget{Service: service, Port: target})
		}
	}
	return targets
}

func isVirtualInbound(listener *listenerv3.Listener) bool {
	return listener.Name == model.VirtualInboundListenerName
}

func isGatewayListener(listener *listenerv3.Listener) bool {
	return listener.TrafficDirection.String() == "OUTBOUND"
}

func chainsOf(listeners []*listenerv3.Listener, wanted func(*listenerv3.Listener) bool) []*listenerv3.FilterChain {
	var chains []*listenerv3.FilterChain
	for _, listener := range listeners {
		if wanted(listener) {
			chains = append(chains, listener.FilterChains...)
		}
	}
	return chains
}
