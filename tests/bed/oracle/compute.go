package main

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config/constants"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/schema/gvr"
	"istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/kube/kclient/clienttest"
	"istio.io/istio/pkg/test"
	"istio.io/istio/pkg/workloadapi"
)

// version is what the proxies say that they are.
const version = "1.31.0"

// compute lets istiod's own code make the configuration of each proxy that is asked about.
func compute(failer test.Failer, asked request) (answer, error) {
	settings, err := mesh.ApplyMeshConfigDefaults(asked.Mesh)
	if err != nil {
		return answer{}, fmt.Errorf("mesh: %w", err)
	}
	sorted, err := sortObjects(asked.Objects)
	if err != nil {
		return answer{}, err
	}
	istiod := xds.NewFakeDiscoveryServer(failer, xds.FakeOptions{
		KubernetesObjects: sorted.kubernetes,
		Configs:           sorted.istio,
		MeshConfig:        settings,
		KubeClientModifier: func(client kube.Client) {
			// Of a kind without a CRD istiod reads nothing, and the fake one installs not all of them.
			clienttest.MakeCRD(failer, client, gvr.BackendTLSPolicy)
			clienttest.MakeCRD(failer, client, gvr.ListenerSet)
		},
	})
	// What collections derive of objects may come after the first push.
	istiod.Discovery.ConfigUpdate(&model.PushRequest{Forced: true})
	istiod.EnsureSynced(failer)
	given := answer{Proxies: map[string]configuration{}, Rejected: sorted.rejected}
	if given.Addresses, err = addressesOf(istiod); err != nil {
		return answer{}, err
	}
	for _, proxy := range asked.Proxies {
		pod := sorted.pods[proxy.Pod]
		if pod == nil {
			return answer{}, fmt.Errorf("no Pod %s is among the objects", proxy.Pod)
		}
		node, err := nodeOf(proxy, pod)
		if err != nil {
			return answer{}, err
		}
		if given.Proxies[proxy.Pod], err = configure(istiod, istiod.SetupProxy(node), proxy.Kind); err != nil {
			return answer{}, err
		}
	}
	return given, nil
}

// addressesOf is what ztunnels get: Services and workloads. Without ambient mode there are none.
func addressesOf(istiod *xds.FakeDiscoveryServer) ([]json.RawMessage, error) {
	found, _ := istiod.Discovery.Env.AmbientIndexes.AddressInformation(nil)
	messages := []*workloadapi.Address{}
	for _, address := range found {
		messages = append(messages, address.Address)
	}
	return texts(messages)
}

// nodeOf is the proxy as it introduces itself to istiod: what it says of itself, and what the agent would take from the pod.
func nodeOf(proxy askedProxy, pod *corev1.Pod) (*model.Proxy, error) {
	kind, isKnown := kinds[proxy.Kind]
	if !isKnown {
		return nil, fmt.Errorf("unknown kind %q of proxy %s", proxy.Kind, proxy.Pod)
	}
	said, err := json.Marshal(proxy.Metadata)
	if err != nil {
		return nil, err
	}
	addresses := []string{}
	for _, address := range pod.Status.PodIPs {
		addresses = append(addresses, address.IP)
	}
	if len(addresses) == 0 && pod.Status.PodIP != "" {
		addresses = append(addresses, pod.Status.PodIP)
	}
	metadata := &model.NodeMetadata{
		Namespace:      pod.Namespace,
		Labels:         pod.Labels,
		Annotations:    pod.Annotations,
		InstanceIPs:    addresses,
		IstioVersion:   version,
		ClusterID:      constants.DefaultClusterName,
		ServiceAccount: pod.Spec.ServiceAccountName,
		NodeName:       pod.Spec.NodeName,
	}
	if err := json.Unmarshal(said, metadata); err != nil {
		return nil, fmt.Errorf("metadata of %s: %w", proxy.Pod, err)
	}
	return &model.Proxy{
		Type:            kind,
		ID:              pod.Name + "." + pod.Namespace,
		IPAddresses:     addresses,
		ConfigNamespace: pod.Namespace,
		Labels:          metadata.Labels,
		Metadata:        metadata,
	}, nil
}

func configure(istiod *xds.FakeDiscoveryServer, proxy *model.Proxy, kind string) (configuration, error) {
	listeners := istiod.Listeners(proxy)
	made := configuration{Kind: kind}
	var err error
	if made.Listeners, err = texts(listeners); err != nil {
		return made, err
	}
	if made.Clusters, err = texts(istiod.Clusters(proxy)); err != nil {
		return made, err
	}
	if made.Routes, err = texts(istiod.RoutesFromListeners(proxy, listeners)); err != nil {
		return made, err
	}
	made.Endpoints, err = texts(istiod.Endpoints(proxy))
	return made, err
}

func texts[M proto.Message](messages []M) ([]json.RawMessage, error) {
	written := []json.RawMessage{}
	for _, message := range messages {
		text, err := protojson.Marshal(message)
		if err != nil {
			return nil, err
		}
		written = append(written, text)
	}
	return written, nil
}
