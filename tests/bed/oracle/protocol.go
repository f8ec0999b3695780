package main

import (
	"encoding/json"

	"istio.io/istio/pilot/pkg/model"
)

// request is one cluster and the proxies that are asked about.
type request struct {
	// Objects are those of the cluster, each as an API server has it. Kinds that istiod does not read are left out.
	Objects []json.RawMessage `json:"objects"`
	// Mesh is the entry "mesh" of Istio's ConfigMap, YAML; without it everything is as by default.
	Mesh string `json:"mesh"`
	// Proxies are those whose configuration is wanted.
	Proxies []askedProxy `json:"proxies"`
}

// askedProxy is a pod with an Envoy.
type askedProxy struct {
	// Pod is NAMESPACE/NAME; it is one of the objects.
	Pod string `json:"pod"`
	// Kind is "sidecar", "gateway" or "waypoint".
	Kind string `json:"kind"`
	// Metadata is what the agent says of itself, under Istio's names: "UNPRIVILEGED_POD", "DNS_CAPTURE", "NETWORK".
	// What is not said comes from the pod.
	Metadata map[string]any `json:"metadata"`
}

// kinds are the names of askedProxy.Kind.
var kinds = map[string]model.NodeType{
	"sidecar":  model.SidecarProxy,
	"gateway":  model.Router,
	"waypoint": model.Waypoint,
}

// answer is what istiod would do; with an error it is nothing else.
type answer struct {
	Error string `json:"error,omitempty"`
	// Proxies have their pods as keys.
	Proxies map[string]configuration `json:"proxies"`
	// Addresses are what ztunnels get: Services and workloads, in the JSON of istiod's own messages.
	Addresses []json.RawMessage `json:"addresses"`
	// Rejected are the objects that istiod refuses when they are written. The answer is that for all others.
	Rejected []rejectedObject `json:"rejected"`
}

// configuration is what one Envoy gets, in the JSON of its messages.
type configuration struct {
	Kind      string            `json:"kind"`
	Listeners []json.RawMessage `json:"listeners"`
	Clusters  []json.RawMessage `json:"clusters"`
	Routes    []json.RawMessage `json:"routes"`
	Endpoints []json.RawMessage `json:"endpoints"`
}

// rejectedObject is an object that istiod refuses.
type rejectedObject struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Reason    string `json:"reason"`
}
