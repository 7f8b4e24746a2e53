package main

import (
	"math"
	"strings"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	httpv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Cluster is how a proxy talks to one service, port and subset.
type Cluster struct {
	// Discovery is Envoy's word, such as EDS or ORIGINAL_DST.
	Discovery string   `json:"discovery"`
	Pool      Pool     `json:"pool"`
	Outlier   *Outlier `json:"outlier,omitempty"`
	Balancer  string   `json:"balancer"`
	// Transport is ISTIO_MUTUAL, AUTO (by endpoint), TLS (not the mesh's) or PLAINTEXT.
	Transport string `json:"transport"`
	Sni       string `json:"sni,omitempty"`
}

// Pool holds limits; 0: none.
type Pool struct {
	MaxConnections           uint32  `json:"maxConnections"`
	MaxPendingRequests       uint32  `json:"maxPendingRequests"`
	MaxRequests              uint32  `json:"maxRequests"`
	MaxRetries               uint32  `json:"maxRetries"`
	MaxRequestsPerConnection uint32  `json:"maxRequestsPerConnection"`
	ConnectTimeoutMs         float64 `json:"connectTimeoutMs"`
	IdleTimeoutMs            float64 `json:"idleTimeoutMs,omitempty"`
	RetryBudgetPercent       float64 `json:"retryBudgetPercent,omitempty"`
}

// Outlier is a breaker as Envoy reads it, with Envoy's own defaults filled in; absent: none.
type Outlier struct {
	Consecutive5xx     uint32  `json:"consecutive5xx"`
	ConsecutiveGateway uint32  `json:"consecutiveGateway"`
	IntervalMs         float64 `json:"intervalMs"`
	BaseEjectionMs     float64 `json:"baseEjectionMs"`
	MaxEjectionPercent uint32  `json:"maxEjectionPercent"`
	MinHealthPercent   float64 `json:"minHealthPercent"`
}

const typedHTTPOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

func clusterOf(cluster *clusterv3.Cluster) (Cluster, bool) {
	if !strings.HasPrefix(cluster.Name, "outbound|") {
		return Cluster{}, false
	}
	discovery := cluster.GetType().String()
	if custom := cluster.GetClusterType(); custom != nil {
		discovery = custom.Name
	}
	transport, sni := transportOf(cluster)
	return Cluster{
		Discovery: discovery,
		Pool:      poolOf(cluster),
		Outlier:   outlierOf(cluster),
		Balancer:  cluster.LbPolicy.String(),
		Transport: transport,
		Sni:       sni,
	}, true
}

func poolOf(cluster *clusterv3.Cluster) Pool {
	pool := Pool{ConnectTimeoutMs: milliseconds(cluster.ConnectTimeout)}
	for _, threshold := range cluster.GetCircuitBreakers().GetThresholds() {
		pool.MaxConnections = limit(threshold.MaxConnections)
		pool.MaxPendingRequests = limit(threshold.MaxPendingRequests)
		pool.MaxRequests = limit(threshold.MaxRequests)
		pool.MaxRetries = limit(threshold.MaxRetries)
		pool.RetryBudgetPercent = threshold.GetRetryBudget().GetBudgetPercent().GetValue()
	}
	if typed := cluster.TypedExtensionProtocolOptions[typedHTTPOptions]; typed != nil {
		options := &httpv3.HttpProtocolOptions{}
		if typed.UnmarshalTo(options) == nil {
			common := options.GetCommonHttpProtocolOptions()
			pool.IdleTimeoutMs = milliseconds(common.GetIdleTimeout())
			pool.MaxRequestsPerConnection = common.GetMaxRequestsPerConnection().GetValue()
		}
	}
	return pool
}

func limit(value *wrapperspb.UInt32Value) uint32 {
	if value.GetValue() == math.MaxUint32 {
		return 0
	}
	return value.GetValue()
}

// outlierOf fills in what Envoy takes where a field is unset.
// See https://www.envoyproxy.io/docs/envoy/v1.37.0/api-v3/config/cluster/v3/outlier_detection.proto
func outlierOf(cluster *clusterv3.Cluster) *Outlier {
	written := cluster.OutlierDetection
	if written == nil {
		return nil
	}
	outlier := &Outlier{
		Consecutive5xx:     orElse(written.Consecutive_5Xx, 5),
		IntervalMs:         10_000,
		BaseEjectionMs:     30_000,
		MaxEjectionPercent: orElse(written.MaxEjectionPercent, 10),
		MinHealthPercent:   50,
	}
	if orElse(written.EnforcingConsecutive_5Xx, 100) == 0 {
		outlier.Consecutive5xx = 0
	}
	// Enforced only where it is said: Envoy's default is 0 percent.
	if orElse(written.EnforcingConsecutiveGatewayFailure, 0) > 0 {
		outlier.ConsecutiveGateway = orElse(written.ConsecutiveGatewayFailure, 5)
	}
	if written.Interval != nil {
		outlier.IntervalMs = milliseconds(written.Interval)
	}
	if written.BaseEjectionTime != nil {
		outlier.BaseEjectionMs = milliseconds(written.BaseEjectionTime)
	}
	if threshold := cluster.GetCommonLbConfig().GetHealthyPanicThreshold(); threshold != nil {
		outlier.MinHealthPercent = threshold.Value
	}
	return outlier
}

func orElse(value *wrapperspb.UInt32Value, otherwise uint32) uint32 {
	if value == nil {
		return otherwise
	}
	return value.Value
}

func transportOf(cluster *clusterv3.Cluster) (string, string) {
	if len(cluster.TransportSocketMatches) > 0 {
		for _, match := range cluster.TransportSocketMatches {
			if match.Name == "tlsMode-istio" {
				return "AUTO", ""
			}
		}
		return "OTHER", ""
	}
	return socketOf(cluster.TransportSocket)
}

func socketOf(socket *corev3.TransportSocket) (string, string) {
	if socket == nil {
		return "PLAINTEXT", ""
	}
	context := &tlsv3.UpstreamTlsContext{}
	if err := socket.GetTypedConfig().UnmarshalTo(context); err != nil {
		return "OTHER", ""
	}
	for _, secret := range context.GetCommonTlsContext().GetTlsCertificateSdsSecretConfigs() {
		if secret.Name == "default" {
			return "ISTIO_MUTUAL", ""
		}
	}
	return "TLS", context.Sni
}
