// Command load drives one HTTPS endpoint with one body and prints one JSON line of what it measured.
//
// With -rate 0 each connection sends its next request as soon as the last is answered (closed loop); otherwise requests
// are due at fixed times whatever the server does, and latency counts from the time at which a request was due, so that
// a stalled server is not flattered. It talks to 127.0.0.1 only, and ends by itself.
//
// Wherever the body has twelve zeros, each request has its own number, as each review of an API server has its own uid.
package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

type result struct {
	Requests int     `json:"requests"`
	Failed   int     `json:"failed"`
	Seconds  float64 `json:"seconds"`
	P50Ms    float64 `json:"p50Ms"`
	P99Ms    float64 `json:"p99Ms"`
}

func main() {
	target := flag.String("url", "", "https://127.0.0.1:PORT/PATH")
	file := flag.String("body", "", "file with the request body")
	connections := flag.Int("connections", 16, "connections at once")
	seconds := flag.Float64("seconds", 2, "how long, at most 60")
	rate := flag.Float64("rate", 0, "requests a second; 0: as many as are answered")
	flag.Parse()
	parsed, err := url.Parse(*target)
	if err != nil || parsed.Hostname() != "127.0.0.1" || *seconds > 60 {
		fmt.Fprintln(os.Stderr, "load: -url must be on 127.0.0.1 and -seconds at most 60")
		os.Exit(2)
	}
	body, err := os.ReadFile(*file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(2)
	}
	out := drive(*target, numbered(body), *connections, time.Duration(*seconds*float64(time.Second)), *rate)
	_ = json.NewEncoder(os.Stdout).Encode(out)
}

// numbered returns what makes the body of the request of a number.
func numbered(template []byte) func(number int64) []byte {
	const zeros = "000000000000"
	parts := bytes.Split(template, []byte(zeros))
	return func(number int64) []byte {
		return bytes.Join(parts, fmt.Appendf(nil, "%0*d", len(zeros), number))
	}
}

func drive(target string, body func(int64) []byte, connections int, length time.Duration, rate float64) result {
	client := &http.Client{Transport: &http.Transport{
		// The server under test has made its own certificate; this client measures, it does not trust.
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true},
		MaxConnsPerHost:     connections,
		MaxIdleConnsPerHost: connections,
		ForceAttemptHTTP2:   false,
	}}
	var failed atomic.Int64
	var next, sent atomic.Int64
	start := time.Now()
	// No two runs send the same numbers.
	first := start.UnixMilli() % 1e6 * 1e6
	latencies := make([][]time.Duration, connections)
	var group sync.WaitGroup
	for worker := range connections {
		group.Go(func() {
			for {
				due := time.Now()
				if rate > 0 {
					due = start.Add(time.Duration(float64(next.Add(1)-1) / rate * float64(time.Second)))
					time.Sleep(time.Until(due))
				}
				if due.Sub(start) >= length {
					return
				}
				if !send(client, target, body(first+sent.Add(1))) {
					failed.Add(1)
				}
				latencies[worker] = append(latencies[worker], time.Since(due))
			}
		})
	}
	group.Wait()
	all := slices.Concat(latencies...)
	slices.Sort(all)
	return result{
		Requests: len(all),
		Failed:   int(failed.Load()),
		Seconds:  time.Since(start).Seconds(),
		P50Ms:    quantile(all, 0.50),
		P99Ms:    quantile(all, 0.99),
	}
}

func send(client *http.Client, target string, body []byte) bool {
	response, err := client.Post(target, "application/json", bytes.NewReader(body))
	if err != nil {
		return false
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return err == nil && response.StatusCode == http.StatusOK && bytes.Contains(answer, []byte(`"allowed":true`))
}

func quantile(sorted []time.Duration, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(share*float64(len(sorted)-1))].Microseconds()) / 1000
}
