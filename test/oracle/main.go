// Command oracle tells what Istio's own configuration generator makes of a mesh. It reads one JSON request a line and
// writes one JSON answer a line; Istio's logs go to stderr.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"

	"istio.io/istio/pkg/config/schema/gatewayapi"
	"istio.io/istio/pkg/kube/krt"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
)

// Request is one mesh and the proxies that are asked about.
type Request struct {
	ID string `json:"id"`
	// Full asks for the slow engine, which knows Gateway API, pods and endpoints.
	Full    bool              `json:"full"`
	Objects []json.RawMessage `json:"objects"`
	Proxies []ProxyQuestion   `json:"proxies"`
}

// ProxyQuestion is one proxy and what is asked about it beside its routes and clusters.
type ProxyQuestion struct {
	// Kind is "sidecar" or "gateway".
	Kind      string            `json:"kind"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
	// ProxyConfig is the pod's annotation proxy.istio.io/config.
	ProxyConfig string `json:"proxyConfig"`
	// Ports are the workload's own, of which it is asked what they accept.
	Ports []uint32 `json:"ports"`
}

// Response answers a request, or says in Error why it cannot.
type Response struct {
	ID string `json:"id"`
	// Rejected lists what istiod's own validation refuses, and what no schema is known for; it is left out of the mesh.
	Rejected []Rejection   `json:"rejected,omitempty"`
	Proxies  []ProxyAnswer `json:"proxies,omitempty"`
	Error    string        `json:"error,omitempty"`
}

// Rejection names an object that istiod would not take.
type Rejection struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Error     string `json:"error"`
}

// ProxyAnswer is what one proxy is sent.
type ProxyAnswer struct {
	// Routes holds the virtual hosts of each route configuration, by its name.
	Routes map[string][]VirtualHost `json:"routes"`
	// Clusters holds those that lead out, by Istio's name for them.
	Clusters      map[string]Cluster     `json:"clusters"`
	Inbound       map[uint32]string      `json:"inbound"`
	Authorization *AuthorizationAnswer   `json:"authorization,omitempty"`
	Outbound      *OutboundAnswer        `json:"outbound,omitempty"`
	Egress        *Egress                `json:"egress,omitempty"`
	Tracing       map[string]TracingSide `json:"tracing"`
	// Layer4 holds the filter chains that pass on bytes, by the name of their listener.
	Layer4 map[string][]Layer4Chain `json:"layer4"`
}

// longestLine bounds one request; a mesh of samples is well below it.
const longestLine = 64 << 20

func main() {
	quiet()
	// Without a handler of its own each case leaves its collections behind.
	krt.GlobalDebugHandler = new(krt.DebugHandler)
	// The definitions of the fake cluster name no version, and istiod would leave out the kinds that ask for one.
	clear(gatewayapi.MinimumCRDVersions)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), longestLine)
	out := bufio.NewWriter(os.Stdout)
	for in.Scan() {
		line, err := json.Marshal(answerLine(in.Bytes()))
		if err != nil {
			line, _ = json.Marshal(Response{Error: fmt.Sprintf("the answer cannot be written: %v", err)})
		}
		_, _ = out.Write(append(line, '\n'))
		_ = out.Flush()
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func quiet() {
	options := log.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	options.ErrorOutputPaths = []string{"stderr"}
	options.SetDefaultOutputLevel(log.OverrideScopeName, log.NoneLevel)
	_ = log.Configure(options)
}

func answerLine(line []byte) Response {
	var request Request
	if err := json.Unmarshal(line, &request); err != nil {
		return Response{Error: fmt.Sprintf("the request cannot be read: %v", err)}
	}
	krt.GlobalDebugHandler = new(krt.DebugHandler)
	response := Response{ID: request.ID}
	// A failing test helper ends its goroutine, the cleaning up included.
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := test.Wrap(func(t test.Failer) { answer(t, request, &response) }); err != nil && response.Error == "" {
			response.Error = err.Error()
		}
	}()
	<-done
	return response
}

func answer(t test.Failer, request Request, response *Response) {
	defer func() {
		if cause := recover(); cause != nil {
			response.Error = fmt.Sprintf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	mesh, rejected, err := readMesh(request.Objects)
	response.Rejected = rejected
	if err != nil {
		response.Error = err.Error()
		return
	}
	server := start(t, mesh, request.Full)
	for _, question := range request.Proxies {
		response.Proxies = append(response.Proxies, answerProxy(server, mesh, question))
	}
}
