// Command oracle says what istiod would send: objects in, the configuration of Envoys out.
//
// It is istiod's own code without an API server, a network or an Envoy. Each line of standard input is a request, each
// line of standard output its answer; istiod's feature flags are variables of the environment, as they are for istiod.
// It does not know what an Envoy does with the configuration.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"istio.io/istio/pkg/config/schema/gatewayapi"
	"istio.io/istio/pkg/kube/krt"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
)

func main() {
	for _, scope := range log.Scopes() {
		scope.SetOutputLevel(log.NoneLevel)
	}
	// Requests have no CRDs; their objects are those of a cluster whose CRDs of the Gateway API are new enough.
	clear(gatewayapi.MinimumCRDVersions)
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = answers.Encode(respond(line))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// respond answers one request. What it started is gone when it returns, whatever happened to it.
func respond(line []byte) answer {
	asked := request{}
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	// It remembers every collection of every request.
	krt.GlobalDebugHandler = new(krt.DebugHandler)
	given := answer{}
	err := test.Wrap(func(failer test.Failer) {
		// A panic of istiod is an answer, too: it would end the process.
		defer func() {
			if reason := recover(); reason != nil {
				fmt.Fprintf(os.Stderr, "%v\n%s", reason, debug.Stack())
				given = answer{Error: fmt.Sprintf("istiod panics: %v", reason)}
			}
		}()
		var err error
		if given, err = compute(failer, asked); err != nil {
			given = answer{Error: err.Error()}
		}
	})
	if err != nil {
		return answer{Error: err.Error()}
	}
	return given
}
