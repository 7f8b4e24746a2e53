package main

import (
	"sort"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"

	networking "istio.io/api/networking/v1alpha3"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/networking/util"
	"istio.io/istio/pilot/pkg/serviceregistry/provider"
)

// Egress is what a sidecar listens to for its pod's own requests, and for which services.
type Egress struct {
	// Scopes are the listeners of its Sidecar, or the one for everything; in their order.
	Scopes []Scope `json:"scopes"`
	// Services are all that it has a cluster for, those that only routes name included.
	Services  []ScopeService `json:"services"`
	Listeners []Listener     `json:"listeners"`
}

// Scope is what one egress listener of a Sidecar lets the proxy know.
type Scope struct {
	// Port is absent for the listener for all ports; its number is 0 for a socket.
	Port *ScopePort `json:"port,omitempty"`
	// Bind is absent where each service is listened to at its own address.
	Bind     string         `json:"bind,omitempty"`
	Services []ScopeService `json:"services"`
	// Routers holds the hosts of the VirtualServices, by "namespace/name".
	Routers map[string][]string `json:"routers"`
}

// ScopePort is a port that a service has, or that a Sidecar opens.
type ScopePort struct {
	Number   int    `json:"number"`
	Protocol string `json:"protocol"`
}

// ScopeService is a service as a proxy knows it.
type ScopeService struct {
	Host string `json:"host"`
	// Address is 0.0.0.0 where it has none, and may be a range.
	Address string `json:"address"`
	// IsEntry: it is of a ServiceEntry.
	IsEntry    bool        `json:"isEntry"`
	IsExternal bool        `json:"isExternal"`
	Ports      []ScopePort `json:"ports"`
}

// Listener is one of a sidecar's for outbound requests; the one for all that no other takes is left out.
type Listener struct {
	Bind   string  `json:"bind"`
	Port   int     `json:"port"`
	Chains []Chain `json:"chains"`
}

// Chain is a sort of connection to a listener, and what becomes of it.
type Chain struct {
	Layer4Chain
	// Routes names the route configuration where it is for HTTP.
	Routes string `json:"routes,omitempty"`
	// Owner is the VirtualService, as "namespace/name"; absent: the service itself, or unknown.
	Owner string `json:"owner,omitempty"`
}

func egressOf(proxy *model.Proxy, listeners []*listenerv3.Listener) *Egress {
	egress := &Egress{Scopes: []Scope{}, Services: []ScopeService{}, Listeners: []Listener{}}
	for _, service := range proxy.SidecarScope.Services() {
		egress.Services = append(egress.Services, scopeService(proxy, service))
	}
	for _, wrapper := range proxy.SidecarScope.EgressListeners {
		scope := Scope{Services: []ScopeService{}, Routers: map[string][]string{}}
		if written := wrapper.IstioListener; written != nil {
			scope.Bind = bindOf(written)
			if written.Port != nil {
				scope.Port = &ScopePort{int(written.Port.Number), strings.ToUpper(written.Port.Protocol)}
			}
		}
		for _, service := range wrapper.Services() {
			scope.Services = append(scope.Services, scopeService(proxy, service))
		}
		for _, router := range wrapper.VirtualServices() {
			if spec, known := router.Spec.(*networking.VirtualService); known {
				scope.Routers[router.Namespace+"/"+router.Name] = spec.Hosts
			}
		}
		egress.Scopes = append(egress.Scopes, scope)
	}
	for _, listener := range listeners {
		if listener.TrafficDirection != corev3.TrafficDirection_OUTBOUND || listener.Name == model.VirtualOutboundListenerName {
			continue
		}
		egress.Listeners = append(egress.Listeners, listenerOf(listener))
	}
	sort.Slice(egress.Listeners, func(i, j int) bool {
		left, right := egress.Listeners[i], egress.Listeners[j]
		return left.Port < right.Port || (left.Port == right.Port && left.Bind < right.Bind)
	})
	return egress
}

func bindOf(written *networking.IstioEgressListener) string {
	if written.Bind == "" && written.CaptureMode == networking.CaptureMode_NONE {
		return "127.0.0.1"
	}
	return written.Bind
}

func scopeService(proxy *model.Proxy, service *model.Service) ScopeService {
	reduced := ScopeService{
		Host:       string(service.Hostname),
		Address:    service.GetAddressForProxy(proxy),
		IsEntry:    service.Attributes.ServiceRegistry == provider.External,
		IsExternal: service.MeshExternal,
		Ports:      []ScopePort{},
	}
	for _, port := range service.Ports {
		reduced.Ports = append(reduced.Ports, ScopePort{port.Port, strings.ToUpper(string(port.Protocol))})
	}
	return reduced
}

func listenerOf(listener *listenerv3.Listener) Listener {
	address := listener.Address.GetSocketAddress()
	reduced := Listener{Bind: address.GetAddress(), Port: int(address.GetPortValue()), Chains: []Chain{}}
	if pipe := listener.Address.GetPipe(); pipe != nil {
		reduced.Bind = model.UnixAddressPrefix + pipe.Path
	}
	for _, chain := range append(append([]*listenerv3.FilterChain{}, listener.FilterChains...), listener.DefaultFilterChain) {
		// What stands in for the policy for unknown hosts is told by that.
		if chain == nil || chain.Name == util.PassthroughFilterChain {
			continue
		}
		told, _ := layer4Chain(chain)
		reduced.Chains = append(reduced.Chains, Chain{told, routesOf(chain), ownerOf(chain)})
	}
	return reduced
}

func routesOf(chain *listenerv3.FilterChain) string {
	for _, manager := range managersOf([]*listenerv3.FilterChain{chain}) {
		return manager.GetRds().GetRouteConfigName()
	}
	return ""
}

// ownerOf reads the path of the object that a chain was made of: /apis/group/version/namespaces/namespace/kind/name.
func ownerOf(chain *listenerv3.FilterChain) string {
	path := chain.GetMetadata().GetFilterMetadata()["istio"].GetFields()["config"].GetStringValue()
	parts := strings.Split(path, "/")
	if len(parts) < 3 {
		return ""
	}
	return parts[len(parts)-3] + "/" + parts[len(parts)-1]
}
