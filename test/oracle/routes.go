package main

import (
	"fmt"
	"sort"
	"strings"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/types/known/durationpb"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/wellknown"
)

// VirtualHost is one of a route configuration; its routes stand in the order in which they are tried.
type VirtualHost struct {
	Name    string   `json:"name"`
	Domains []string `json:"domains"`
	Routes  []Route  `json:"routes"`
}

// Route is what a proxy does with the requests that its match lets in.
type Route struct {
	Name  string `json:"name"`
	Match Match  `json:"match"`
	// Action is "route", "redirect" or "direct".
	Action       string        `json:"action"`
	Destinations []Destination `json:"destinations"`
	Mirrors      []Destination `json:"mirrors"`
	// TimeoutMs is absent where there is none.
	TimeoutMs float64  `json:"timeoutMs,omitempty"`
	Retries   *Retries `json:"retries,omitempty"`
	// Hash lists the policies by which a ring picks its host.
	Hash     []string `json:"hash,omitempty"`
	HasFault bool     `json:"hasFault,omitempty"`
	// RequestHeaders are the names of those that are set or taken away.
	RequestHeaders []string `json:"requestHeaders,omitempty"`
}

// Match is a route's condition; values are written "exact:x", "prefix:x", "regex:x" or "present", with "not " before.
type Match struct {
	Path       string            `json:"path"`
	IgnoreCase bool              `json:"ignoreCase,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"`
	Query      map[string]string `json:"query,omitempty"`
}

// Destination is a cluster with its share.
type Destination struct {
	Host   string `json:"host"`
	Subset string `json:"subset,omitempty"`
	Port   int    `json:"port,omitempty"`
	Weight uint32 `json:"weight,omitempty"`
	// Cluster is set where the name is none of Istio's for a service.
	Cluster string `json:"cluster,omitempty"`
}

// Retries is a retry policy; absent: none.
type Retries struct {
	Attempts uint32   `json:"attempts"`
	RetryOn  []string `json:"retryOn"`
	Codes    []uint32 `json:"codes,omitempty"`
	PerTryMs float64  `json:"perTryMs,omitempty"`
}

func virtualHostsOf(configuration *routev3.RouteConfiguration) []VirtualHost {
	hosts := make([]VirtualHost, 0, len(configuration.VirtualHosts))
	for _, host := range configuration.VirtualHosts {
		reduced := VirtualHost{Name: host.Name, Domains: append([]string{}, host.Domains...), Routes: []Route{}}
		sort.Strings(reduced.Domains)
		for _, one := range host.Routes {
			reduced.Routes = append(reduced.Routes, routeOf(one))
		}
		hosts = append(hosts, reduced)
	}
	sort.Slice(hosts, func(i, j int) bool { return hosts[i].Name < hosts[j].Name })
	return hosts
}

func routeOf(one *routev3.Route) Route {
	_, hasFault := one.TypedPerFilterConfig[wellknown.Fault]
	reduced := Route{
		Name:           one.Name,
		Match:          matchOf(one.Match),
		Destinations:   []Destination{},
		Mirrors:        []Destination{},
		HasFault:       hasFault,
		RequestHeaders: changedHeaders(one),
	}
	switch {
	case one.GetRedirect() != nil:
		reduced.Action = "redirect"
	case one.GetDirectResponse() != nil:
		reduced.Action = "direct"
	default:
		reduced.Action = "route"
		fillAction(&reduced, one.GetRoute())
	}
	return reduced
}

func changedHeaders(one *routev3.Route) []string {
	names := append([]string{}, one.RequestHeadersToRemove...)
	for _, added := range one.RequestHeadersToAdd {
		names = append(names, added.GetHeader().GetKey())
	}
	sort.Strings(names)
	return names
}

func fillAction(reduced *Route, action *routev3.RouteAction) {
	if cluster := action.GetCluster(); cluster != "" {
		reduced.Destinations = append(reduced.Destinations, destinationOf(cluster, 0))
	}
	for _, weighted := range action.GetWeightedClusters().GetClusters() {
		reduced.Destinations = append(reduced.Destinations, destinationOf(weighted.Name, weighted.GetWeight().GetValue()))
	}
	for _, mirror := range action.RequestMirrorPolicies {
		reduced.Mirrors = append(reduced.Mirrors, destinationOf(mirror.Cluster, 0))
	}
	for _, hash := range action.HashPolicy {
		reduced.Hash = append(reduced.Hash, hashOf(hash))
	}
	reduced.TimeoutMs = milliseconds(action.Timeout)
	if policy := action.RetryPolicy; policy != nil {
		reduced.Retries = &Retries{
			Attempts: policy.GetNumRetries().GetValue(),
			RetryOn:  splitWords(policy.RetryOn),
			Codes:    policy.RetriableStatusCodes,
			PerTryMs: milliseconds(policy.PerTryTimeout),
		}
	}
}

func splitWords(text string) []string {
	words := []string{}
	for _, word := range strings.Split(text, ",") {
		if word != "" {
			words = append(words, word)
		}
	}
	sort.Strings(words)
	return words
}

func milliseconds(duration *durationpb.Duration) float64 {
	return duration.AsDuration().Seconds() * 1000
}

func destinationOf(cluster string, weight uint32) Destination {
	if strings.Count(cluster, "|") != 3 {
		return Destination{Cluster: cluster, Weight: weight}
	}
	_, subset, host, port := model.ParseSubsetKey(cluster)
	return Destination{Host: string(host), Subset: subset, Port: port, Weight: weight}
}

func hashOf(hash *routev3.RouteAction_HashPolicy) string {
	switch {
	case hash.GetHeader() != nil:
		return "header:" + hash.GetHeader().HeaderName
	case hash.GetCookie() != nil:
		return "cookie:" + hash.GetCookie().Name
	case hash.GetQueryParameter() != nil:
		return "query:" + hash.GetQueryParameter().Name
	case hash.GetConnectionProperties().GetSourceIp():
		return "source"
	default:
		return "other"
	}
}

func matchOf(match *routev3.RouteMatch) Match {
	reduced := Match{IgnoreCase: match.CaseSensitive != nil && !match.CaseSensitive.Value}
	switch path := match.PathSpecifier.(type) {
	case *routev3.RouteMatch_Prefix:
		reduced.Path = "prefix:" + path.Prefix
	case *routev3.RouteMatch_Path:
		reduced.Path = "exact:" + path.Path
	case *routev3.RouteMatch_SafeRegex:
		reduced.Path = "regex:" + path.SafeRegex.Regex
	case *routev3.RouteMatch_PathSeparatedPrefix:
		reduced.Path = "folder:" + path.PathSeparatedPrefix
	default:
		reduced.Path = fmt.Sprintf("%T", path)
	}
	for _, header := range match.Headers {
		if reduced.Headers == nil {
			reduced.Headers = map[string]string{}
		}
		words := stringMatchOf(header.GetStringMatch(), header.GetPresentMatch())
		if header.InvertMatch {
			words = "not " + words
		}
		// A header that is both asked for and excluded stands twice.
		if before, twice := reduced.Headers[header.Name]; twice {
			both := []string{before, words}
			sort.Strings(both)
			words = strings.Join(both, " and ")
		}
		reduced.Headers[header.Name] = words
	}
	for _, parameter := range match.QueryParameters {
		if reduced.Query == nil {
			reduced.Query = map[string]string{}
		}
		reduced.Query[parameter.Name] = stringMatchOf(parameter.GetStringMatch(), parameter.GetPresentMatch())
	}
	return reduced
}

func stringMatchOf(match *matcherv3.StringMatcher, isPresent bool) string {
	switch pattern := match.GetMatchPattern().(type) {
	case *matcherv3.StringMatcher_Exact:
		return "exact:" + pattern.Exact
	case *matcherv3.StringMatcher_Prefix:
		return "prefix:" + pattern.Prefix
	case *matcherv3.StringMatcher_SafeRegex:
		return "regex:" + pattern.SafeRegex.Regex
	default:
		if isPresent {
			return "present"
		}
		return "other"
	}
}
