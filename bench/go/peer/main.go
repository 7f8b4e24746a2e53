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
}

// warmView holds what the rules look up for each of so many services.
func warmView(count int) map[string]limit {
	limits := map[string]limit{
		"api-gateway.llmoptimizer.svc.cluster.local":     {30 * time.Second, 3, false},
		"auth-service.llmoptimizer.svc.cluster.local":    {15 * time.Second, 2, false},
		"content-service.llmoptimizer.svc.cluster.local": {60 * time.Second, 3, false},
		"ml-service.llmoptimizer.svc.cluster.local":      {120 * time.Second, 1, true},
	}
	for i := range count {
		limits[fmt.Sprintf("service-%d.team-%d.svc.cluster.local", i, i%50)] = limit{120 * time.Second, 3, false}
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
	if req.Operation == "UPDATE" && len(req.OldObject) > 0 {
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
				HostNetwork bool `json:"hostNetwork"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
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
			Match []struct {
				Method struct {
					Exact string `json:"exact"`
				} `json:"method"`
			} `json:"match"`
			Route []struct {
				Destination struct {
					Host string `json:"host"`
				} `json:"destination"`
				Headers headers `json:"headers"`
			} `json:"route"`
			Headers headers `json:"headers"`
		} `json:"http"`
	} `json:"spec"`
}

type headers struct {
	Request operations `json:"request"`
}

type operations struct {
	Set    map[string]string `json:"set"`
	Add    map[string]string `json:"add"`
	Remove []string          `json:"remove"`
}

func (j *judge) checkRoutes(v *virtualService, namespace string, say sayer) {
	for i := range v.Spec.HTTP {
		route := &v.Spec.HTTP[i]
		checkHeaders(i, route.Headers, say)
		for _, target := range route.Route {
			checkHeaders(i, target.Headers, say)
			host := target.Destination.Host
			if !strings.Contains(host, ".") {
				host += "." + namespace + ".svc.cluster.local"
			}
			bound, ok := j.limits[strings.ToLower(host)]
			if !ok {
				bound = limit{120 * time.Second, 3, false}
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
	for name := range h.Request.Set {
		check(name)
	}
	for name := range h.Request.Add {
		check(name)
	}
	for _, name := range h.Request.Remove {
		check(name)
	}
}
