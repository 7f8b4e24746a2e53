// Command peer is the hand-written Go admission server that Meshwarden is measured beside: net/http, typed decoding of
// only what it needs, the same checks on the shipped bodies as Meshwarden's rules make, one log line a review.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	cert := flag.String("cert", "", "certificate file")
	key := flag.String("key", "", "key file")
	services := flag.Int("services", 1000, "services in the warm view")
	flag.Parse()
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	server := &judge{log: log, limits: warmView(*services)}
	http.HandleFunc("POST /validate", server.validate)
	if err := http.ListenAndServeTLS(*listen, *cert, *key, nil); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

type limit struct {
	timeout    time.Duration
	retries    int
	idempotent bool
	// Of each subset the least and the most percent of the requests; nil: no split is demanded.
	split map[string][2]float64
	// The subset that requests with a header value must get; empty header: none.
	header, value, subset string
	// The subsets that the service's DestinationRule has.
	subsets map[string]bool
}

// warmView holds what the rules look up for each of so many services.
func warmView(count int) map[string]limit {
	limits := map[string]limit{
		"api-gateway.llmoptimizer.svc.cluster.local":  {timeout: 30 * time.Second, retries: 3},
		"auth-service.llmoptimizer.svc.cluster.local": {timeout: 15 * time.Second, retries: 2},
		"content-service.llmoptimizer.svc.cluster.local": {
			timeout: 60 * time.Second, retries: 3,
			split:  map[string][2]float64{"stable": {95, 100}, "canary": {0, 5}},
			header: "x-version", value: "canary", subset: "canary",
			subsets: map[string]bool{"stable": true, "canary": true},
		},
		"ml-service.llmoptimizer.svc.cluster.local": {timeout: 120 * time.Second, retries: 1, idempotent: true},
	}
	for i := range count {
		limits[fmt.Sprintf("service-%d.team-%d.svc.cluster.local", i, i%50)] = limit{timeout: 120 * time.Second, retries: 3}
	}
	return limits
}

type judge struct {
	log    *slog.Logger
	limits map[string]limit
}

type review struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Request    *request `json:"request"`
}

type request struct {
	UID       string                `json:"uid"`
	Operation string                `json:"operation"`
	Namespace string                `json:"namespace"`
	Name      string                `json:"name"`
	DryRun    bool                  `json:"dryRun"`
	Kind      struct{ Kind string } `json:"kind"`
	Object    json.RawMessage       `json:"object"`
	OldObject json.RawMessage       `json:"oldObject"`
}

func (j *judge) validate(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 7<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	var in review
	if err := json.Unmarshal(body, &in); err != nil || in.Request == nil {
		http.Error(w, "not an AdmissionReview", http.StatusBadRequest)
		return
	}
	req := in.Request
	after := j.findings(req, req.Object)
	// What was there before matters only where something is wrong now.
	if len(after) > 0 && req.Operation == "UPDATE" && len(req.OldObject) > 0 {
		for finding := range j.findings(req, req.OldObject) {
			delete(after, finding)
		}
	}
	response := map[string]any{"uid": req.UID, "allowed": len(after) == 0}
	if len(after) > 0 {
		lines := make([]string, 0, len(after))
		for finding := range after {
			lines = append(lines, finding)
		}
		response["status"] = map[string]any{"code": 403, "reason": "Forbidden", "message": strings.Join(lines, "\n")}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"apiVersion": in.APIVersion, "kind": in.Kind, "response": response,
	})
	j.log.Info("review judged", "uid", req.UID, "kind", req.Kind.Kind, "namespace", req.Namespace, "name", req.Name,
		"operation", req.Operation, "dryRun", req.DryRun, "allowed", len(after) == 0, "ms", time.Since(started).Seconds()*1e3)
}

func (j *judge) findings(req *request, raw json.RawMessage) map[string]struct{} {
	found := map[string]struct{}{}
	say := func(format string, args ...any) { found[fmt.Sprintf(format, args...)] = struct{}{} }
	switch req.Kind.Kind {
	case "Deployment":
		var d deployment
		if json.Unmarshal(raw, &d) == nil {
			checkTemplate(&d, say)
		}
	case "VirtualService":
		var v virtualService
		if json.Unmarshal(raw, &v) == nil {
			j.checkRoutes(&v, req.Namespace, say)
		}
	}
	return found
}

type deployment struct {
	Spec struct {
		Template struct {
			Metadata struct {
				Labels      map[string]string `json:"labels"`
				Annotations map[string]string `json:"annotations"`
			} `json:"metadata"`
			Spec struct {
				HostNetwork    bool        `json:"hostNetwork"`
				Containers     []container `json:"containers"`
				InitContainers []container `json:"initContainers"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

type container struct {
	Name            string `json:"name"`
	SecurityContext struct {
		RunAsUser int `json:"runAsUser"`
	} `json:"securityContext"`
}

// annotations that decide what the injector makes of a pod; those of resources are checked by themselves.
var capture = [...]string{
	"traffic.sidecar.istio.io/excludeOutboundPorts", "traffic.sidecar.istio.io/excludeInboundPorts",
	"traffic.sidecar.istio.io/excludeOutboundIPRanges", "traffic.sidecar.istio.io/includeOutboundIPRanges",
	"traffic.sidecar.istio.io/includeInboundPorts", "sidecar.istio.io/interceptionMode",
}

type sayer func(format string, args ...any)

func checkTemplate(d *deployment, say sayer) {
	template := d.Spec.Template
	ceilings := [...]struct {
		key     string
		ceiling float64
	}{
		{"sidecar.istio.io/proxyCPU", 0.2}, {"sidecar.istio.io/proxyMemory", 256 << 20},
		{"sidecar.istio.io/proxyCPULimit", 0.2}, {"sidecar.istio.io/proxyMemoryLimit", 256 << 20},
	}
	for _, row := range ceilings {
		value, ok := template.Metadata.Annotations[row.key]
		if amount, known := quantity(value); !ok || !known || amount > row.ceiling {
			say("[MW101] %s", row.key)
		}
	}
	config := template.Metadata.Annotations["proxy.istio.io/config"]
	if at := strings.Index(config, "concurrency:"); at < 0 {
		say("[MW102] concurrency")
	} else if n, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(config[at+12:], "\n", 2)[0])); err != nil || n < 1 || n > 4 {
		say("[MW102] concurrency")
	}
	for _, key := range [...]string{"app", "version"} {
		if template.Metadata.Labels[key] == "" {
			say("[MW103] %s", key)
		}
	}
	for _, key := range capture {
		if _, ok := template.Metadata.Annotations[key]; ok {
			say("[MW105] %s", key)
		}
	}
	for key := range template.Metadata.Annotations {
		if strings.HasPrefix(key, "sidecar.istio.io/") && !strings.HasPrefix(key, "sidecar.istio.io/proxy") ||
			key == "proxy.istio.io/overrides" || key == "inject.istio.io/templates" {
			say("[MW106] %s", key)
		}
	}
	for key := range template.Metadata.Labels {
		if strings.HasPrefix(key, "security.istio.io/") || strings.HasPrefix(key, "service.istio.io/") {
			say("[MW107] %s", key)
		}
	}
	for _, list := range [...][]container{template.Spec.Containers, template.Spec.InitContainers} {
		for _, one := range list {
			if one.Name == "istio-proxy" || one.Name == "istio-init" || one.SecurityContext.RunAsUser == 1337 {
				say("[MW106] %s", one.Name)
			}
		}
	}
	if template.Spec.HostNetwork || template.Metadata.Labels["sidecar.istio.io/inject"] == "false" {
		say("[MW104] not injected")
	}
}

func quantity(text string) (float64, bool) {
	factor := 1.0
	for suffix, value := range map[string]float64{"m": 1e-3, "Mi": 1 << 20, "Gi": 1 << 30, "Ki": 1 << 10} {
		if strings.HasSuffix(text, suffix) {
			text, factor = strings.TrimSuffix(text, suffix), value
			break
		}
	}
	number, err := strconv.ParseFloat(text, 64)
	return number * factor, err == nil
}

type virtualService struct {
	Spec struct {
		Hosts    []string `json:"hosts"`
		Gateways []string `json:"gateways"`
		ExportTo []string `json:"exportTo"`
		HTTP     []struct {
			Timeout string `json:"timeout"`
			Retries *struct {
				Attempts      int    `json:"attempts"`
				PerTryTimeout string `json:"perTryTimeout"`
				RetryOn       string `json:"retryOn"`
			} `json:"retries"`
			Match   []match         `json:"match"`
			Route   []target        `json:"route"`
			Headers headers         `json:"headers"`
			Fault   json.RawMessage `json:"fault"`
		} `json:"http"`
	} `json:"spec"`
}

type match struct {
	Method  text            `json:"method"`
	Headers map[string]text `json:"headers"`
	URI     *text           `json:"uri"`
}

type text struct {
	Exact  string `json:"exact"`
	Prefix string `json:"prefix"`
	Regex  string `json:"regex"`
}

type target struct {
	Destination struct {
		Host   string `json:"host"`
		Subset string `json:"subset"`
	} `json:"destination"`
	Weight  float64 `json:"weight"`
	Headers headers `json:"headers"`
}

type headers struct {
	Request  operations `json:"request"`
	Response operations `json:"response"`
}

type operations struct {
	Set    map[string]string `json:"set"`
	Add    map[string]string `json:"add"`
	Remove []string          `json:"remove"`
}

func fullName(host, namespace string) string {
	if strings.Contains(host, ".") {
		return host
	}
	return host + "." + namespace + ".svc.cluster.local"
}

func (j *judge) checkRoutes(v *virtualService, namespace string, say sayer) {
	for i, host := range v.Spec.Hosts {
		host = strings.ToLower(fullName(host, namespace))
		if parts := strings.SplitN(host, ".", 3); len(parts) == 3 && strings.HasPrefix(parts[2], "svc.") && parts[1] != namespace {
			say("[MW413] hosts[%d] %s", i, host)
		}
		if _, ok := j.limits[host]; !ok {
			say("[MW415] hosts[%d] %s", i, host)
		}
	}
	for i := range v.Spec.HTTP {
		route := &v.Spec.HTTP[i]
		checkHeaders(i, route.Headers, say)
		if len(route.Fault) > 0 {
			say("[MW411] http[%d]", i)
		}
		if len(route.Route) > 0 {
			host := strings.ToLower(fullName(route.Route[0].Destination.Host, namespace))
			bound := j.limits[host]
			isPinned := checkPin(v, i, bound, say)
			if bound.split != nil && !isPinned {
				checkSplit(i, route.Route, bound, say)
			}
		}
		for _, target := range route.Route {
			checkHeaders(i, target.Headers, say)
			host := fullName(target.Destination.Host, namespace)
			if subset := target.Destination.Subset; subset != "" && !j.limits[strings.ToLower(host)].subsets[subset] {
				say("[MW415] http[%d] %s %s", i, host, subset)
			}
			bound, ok := j.limits[strings.ToLower(host)]
			if !ok {
				bound = limit{timeout: 120 * time.Second, retries: 3}
			}
			timeout, err := time.ParseDuration(route.Timeout)
			if err != nil || timeout <= 0 || timeout > bound.timeout {
				say("[MW403] http[%d] %s", i, host)
			}
			if route.Retries == nil {
				say("[MW401] http[%d] %s", i, host)
				continue
			}
			if route.Retries.Attempts > bound.retries {
				say("[MW401] http[%d] %s", i, host)
			}
			if route.Retries.Attempts == 0 {
				continue
			}
			try, err := time.ParseDuration(route.Retries.PerTryTimeout)
			if err != nil || time.Duration(route.Retries.Attempts+1)*try > timeout {
				say("[MW404] http[%d] %s", i, host)
			}
			for token := range strings.SplitSeq(route.Retries.RetryOn, ",") {
				if token != "5xx" && token != "reset" && token != "connect-failure" {
					say("[MW402] http[%d] %s", i, host)
				}
			}
			if bound.idempotent {
				for _, match := range route.Match {
					switch match.Method.Exact {
					case "GET", "HEAD", "OPTIONS", "PUT", "DELETE":
					default:
						say("[MW402] http[%d] %s", i, host)
					}
				}
			}
		}
	}
}

func checkHeaders(i int, h headers, say sayer) {
	check := func(name string) {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-envoy-") || name == "x-forwarded-client-cert" || name == "x-jwt-payload" {
			say("[MW412] http[%d] %s", i, name)
		}
	}
	for _, side := range [...]*operations{&h.Request, &h.Response} {
		for name := range side.Set {
			check(name)
		}
		for name := range side.Add {
			check(name)
		}
		for _, name := range side.Remove {
			check(name)
		}
	}
}

// checkPin tells whether a route is for the pinned header value alone; such a one must lead to its subset, and stand before
// whatever would take its requests.
func checkPin(v *virtualService, i int, bound limit, say sayer) bool {
	route := &v.Spec.HTTP[i]
	if bound.header == "" || len(route.Match) == 0 {
		return false
	}
	for _, m := range route.Match {
		if m.Headers[bound.header].Exact != bound.value {
			return false
		}
	}
	for _, target := range route.Route {
		if target.Destination.Subset != bound.subset {
			say("[MW410] http[%d] %s", i, target.Destination.Subset)
		}
	}
	for at := range v.Spec.HTTP[:i] {
		for _, m := range v.Spec.HTTP[at].Match {
			if m.URI == nil && len(m.Headers) == 0 && m.Method.Exact == "" && m.Method.Regex == "" {
				say("[MW410] http[%d] behind http[%d]", i, at)
			}
		}
		if len(v.Spec.HTTP[at].Match) == 0 {
			say("[MW410] http[%d] behind http[%d]", i, at)
		}
	}
	return true
}

func checkSplit(i int, targets []target, bound limit, say sayer) {
	sum := 0.0
	shares := map[string]float64{}
	for _, target := range targets {
		weight := target.Weight
		if len(targets) == 1 {
			weight = 1
		}
		sum += weight
		shares[target.Destination.Subset] += weight
	}
	for subset, weight := range shares {
		if share := weight / sum * 100; bound.split[subset] == [2]float64{} || share > bound.split[subset][1] {
			say("[MW409] http[%d] %s", i, subset)
		}
	}
	for subset, least := range bound.split {
		if shares[subset]/sum*100 < least[0] {
			say("[MW409] http[%d] %s", i, subset)
		}
	}
}
