// Command node stands in for the kubelets of the bed: exec, logs and
// port-forward for pods that are network namespaces of this machine.
//
// The folder given by -pods holds one folder per pod, NAMESPACE_POD, with a link
// "netns" to the pod's network namespace and a link per container to its log.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

const (
	idleTimeout   = time.Hour
	createTimeout = 30 * time.Second
)

func main() {
	pods := flag.String("pods", "", "folder with a folder per pod")
	listen := flag.String("listen", "", "address to listen on")
	certificate := flag.String("certificate", "", "server certificate, PEM")
	key := flag.String("key", "", "key of the server certificate, PEM")
	flag.Parse()

	node := node{pods: *pods}
	routes := http.NewServeMux()
	routes.HandleFunc("/exec/{namespace}/{pod}/{container}", node.exec)
	routes.HandleFunc("/portForward/{namespace}/{pod}", node.portForward)
	routes.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", node.logs)
	if err := http.ListenAndServeTLS(*listen, *certificate, *key, routes); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type node struct{ pods string }

func (n node) find(request *http.Request) (pod, error) {
	namespace, name := request.PathValue("namespace"), request.PathValue("pod")
	folder := filepath.Join(n.pods, namespace+"_"+name)
	if _, err := os.Stat(folder); err != nil {
		return pod{}, fmt.Errorf("no pod %s/%s runs on this node", namespace, name)
	}
	return pod{name: name, container: request.PathValue("container"), folder: folder}, nil
}

func (n node) exec(writer http.ResponseWriter, request *http.Request) {
	pod, err := n.find(request)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusNotFound)
		return
	}
	options, err := remotecommand.NewOptions(request)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeExec(writer, request, pod, pod.name, "", pod.container, request.URL.Query()["command"],
		options, idleTimeout, createTimeout, remotecommand.SupportedStreamingProtocols)
}

func (n node) portForward(writer http.ResponseWriter, request *http.Request) {
	pod, err := n.find(request)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusNotFound)
		return
	}
	options, err := portforward.NewV4Options(request)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(writer, request, pod, pod.name, "", options, idleTimeout, createTimeout,
		portforward.SupportedProtocols)
}

// logs serves the whole log, or its last lines. What it cannot do it refuses, rather than showing something else.
func (n node) logs(writer http.ResponseWriter, request *http.Request) {
	for _, option := range []string{"follow", "sinceSeconds", "sinceTime", "limitBytes", "previous"} {
		if value := request.URL.Query().Get(option); value != "" && value != "false" {
			http.Error(writer, "the bed's node shows whole logs or their last lines, without "+option, http.StatusNotImplemented)
			return
		}
	}
	pod, err := n.find(request)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusNotFound)
		return
	}
	log := filepath.Join(pod.folder, pod.container+".log")
	if tail := request.URL.Query().Get("tailLines"); tail != "" {
		serveTail(writer, log, tail)
		return
	}
	http.ServeFile(writer, request, log)
}

// serveTail serves the last lines of a file.
func serveTail(writer http.ResponseWriter, file, lines string) {
	count, err := strconv.Atoi(lines)
	if err != nil || count < 1 {
		http.Error(writer, "tailLines: expected a number above 0, found "+lines, http.StatusBadRequest)
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusNotFound)
		return
	}
	start := len(bytes.TrimSuffix(text, []byte("\n")))
	for ; count > 0 && start >= 0; count-- {
		start = bytes.LastIndexByte(text[:start], '\n')
	}
	_, _ = writer.Write(text[start+1:])
}
