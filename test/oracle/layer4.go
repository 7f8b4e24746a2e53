package main

import (
	"fmt"
	"sort"

	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	tcpv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/networking/util"
	"istio.io/istio/pkg/wellknown"
)

// Layer4Chain is a filter chain of a listener that passes on bytes.
type Layer4Chain struct {
	// ServerNames are those in the client's TLS hello that it is for; empty: any, or none.
	ServerNames []string `json:"serverNames"`
	// Subnets are the addresses called that it is for; empty: any.
	Subnets      []string      `json:"subnets"`
	Destinations []Destination `json:"destinations"`
}

// layer4Of returns the chains that pass on bytes, by the name of their listener. What no chain is for goes to the address that was called,
// or nowhere, and is not told.
func layer4Of(listeners []*listenerv3.Listener) map[string][]Layer4Chain {
	all := map[string][]Layer4Chain{}
	for _, listener := range listeners {
		if listener.TrafficDirection.String() != "OUTBOUND" || listener.Name == model.VirtualOutboundListenerName {
			continue
		}
		chains := append([]*listenerv3.FilterChain{}, listener.FilterChains...)
		if fallback := listener.DefaultFilterChain; fallback != nil && fallback.Name != util.PassthroughFilterChain {
			chains = append(chains, fallback)
		}
		for _, chain := range chains {
			if reduced, passesOn := layer4Chain(chain); passesOn {
				all[listener.Name] = append(all[listener.Name], reduced)
			}
		}
	}
	return all
}

func layer4Chain(chain *listenerv3.FilterChain) (Layer4Chain, bool) {
	reduced := Layer4Chain{ServerNames: []string{}, Subnets: []string{}, Destinations: []Destination{}}
	reduced.ServerNames = append(reduced.ServerNames, chain.GetFilterChainMatch().GetServerNames()...)
	for _, subnet := range chain.GetFilterChainMatch().GetPrefixRanges() {
		text := fmt.Sprintf("%s/%d", subnet.GetAddressPrefix(), subnet.GetPrefixLen().GetValue())
		reduced.Subnets = append(reduced.Subnets, text)
	}
	sort.Strings(reduced.ServerNames)
	sort.Strings(reduced.Subnets)
	for _, filter := range chain.Filters {
		proxy := &tcpv3.TcpProxy{}
		if filter.Name != wellknown.TCPProxy || filter.GetTypedConfig().UnmarshalTo(proxy) != nil {
			continue
		}
		if cluster := proxy.GetCluster(); cluster != "" {
			reduced.Destinations = append(reduced.Destinations, destinationOf(cluster, 0))
		}
		for _, weighted := range proxy.GetWeightedClusters().GetClusters() {
			reduced.Destinations = append(reduced.Destinations, destinationOf(weighted.Name, weighted.Weight))
		}
		return reduced, true
	}
	return reduced, false
}
