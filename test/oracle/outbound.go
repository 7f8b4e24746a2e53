package main

import (
	"strings"

	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tcpv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/wellknown"
)

// OutboundAnswer is what happens to requests to addresses that no service is known for.
type OutboundAnswer struct {
	Mode string `json:"mode"`
	// Proxy is the destination that they are sent to instead.
	Proxy *Destination `json:"proxy,omitempty"`
}

// TracingSide is how one side of a proxy traces; IsOff: no spans are asked for.
type TracingSide struct {
	IsOff bool `json:"isOff"`
	// Provider is Envoy's name of the tracer; empty: the proxy's bootstrap says it.
	Provider     string  `json:"provider"`
	Percent      float64 `json:"percent"`
	IsPropagated bool    `json:"isPropagated"`
}

// outboundOf reads the listener for all that no other listener takes.
func outboundOf(listeners []*listenerv3.Listener) *OutboundAnswer {
	var answer *OutboundAnswer
	for _, listener := range listeners {
		if listener.Name != model.VirtualOutboundListenerName {
			continue
		}
		answer = &OutboundAnswer{}
		for _, chain := range listener.FilterChains {
			for _, manager := range managersOf([]*listenerv3.FilterChain{chain}) {
				if manager.GetRouteConfig().GetName() == "allow_any_dynamic_dns" {
					answer.Mode = "ALLOW_ANY_DYNAMIC_DNS"
				}
			}
			if chain.Name == model.VirtualOutboundCatchAllTCPFilterChainName {
				answer.read(chain)
			}
		}
	}
	return answer
}

func (answer *OutboundAnswer) read(chain *listenerv3.FilterChain) {
	for _, filter := range chain.Filters {
		proxy := &tcpv3.TcpProxy{}
		if filter.Name != wellknown.TCPProxy || filter.GetTypedConfig().UnmarshalTo(proxy) != nil {
			continue
		}
		mode := "ALLOW_ANY"
		if proxy.GetCluster() == "BlackHoleCluster" {
			mode = "REGISTRY_ONLY"
		} else if strings.HasPrefix(proxy.GetCluster(), "outbound|") {
			destination := destinationOf(proxy.GetCluster(), 0)
			answer.Proxy = &destination
		}
		if answer.Mode == "" {
			answer.Mode = mode
		}
	}
}

// tracingOf reads one HTTP chain of each side; all of a side's are alike.
func tracingOf(listeners []*listenerv3.Listener) map[string]TracingSide {
	sides := map[string]TracingSide{}
	for _, listener := range listeners {
		side := "client"
		if isVirtualInbound(listener) {
			side = "server"
		}
		if listener.Name == model.VirtualOutboundListenerName {
			continue
		}
		for _, manager := range managersOf(listener.FilterChains) {
			sides[side] = tracingSide(manager.Tracing)
		}
	}
	return sides
}

func tracingSide(tracing *hcmv3.HttpConnectionManager_Tracing) TracingSide {
	if tracing == nil {
		return TracingSide{IsOff: true}
	}
	return TracingSide{
		Provider:     tracing.GetProvider().GetName(),
		Percent:      tracing.GetRandomSampling().GetValue(),
		IsPropagated: !tracing.GetNoContextPropagation(),
	}
}
