package main

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/gvk"
	"istio.io/istio/pkg/config/schema/resource"
	"istio.io/istio/pkg/kube"
)

// domain is that of the cluster's names.
const domain = "cluster.local"

// objects are those of a request, sorted by who reads them.
type objects struct {
	// kubernetes are those that istiod reads with a client of Kubernetes.
	kubernetes []runtime.Object
	// istio are those that istiod reads as its own configuration.
	istio []config.Config
	// pods are those of kubernetes, by NAMESPACE/NAME.
	pods map[string]*corev1.Pod
	// rejected are Istio's objects that its webhook refuses.
	rejected []rejectedObject
}

// sortObjects reads the objects. An object that no API server would have is an error.
func sortObjects(texts []json.RawMessage) (*objects, error) {
	sorted := &objects{pods: map[string]*corev1.Pod{}, rejected: []rejectedObject{}}
	for _, text := range texts {
		head := metav1.PartialObjectMetadata{}
		if err := json.Unmarshal(text, &head); err != nil {
			return nil, fmt.Errorf("%w in %s", err, text)
		}
		kind := head.GroupVersionKind()
		schema, isKnown := collections.PilotGatewayAPI().FindByGroupVersionAliasesKind(resource.FromKubernetesGVK(&kind))
		if isKnown && isOfIstio(schema) {
			if !sorted.addToIstio(schema, text, &head) {
				continue
			}
			if !isReadFromKubernetesToo(schema) {
				continue
			}
		}
		if err := sorted.addToKubernetes(schema, isKnown, text); err != nil {
			return nil, err
		}
	}
	return sorted, nil
}

// isOfIstio says whether the memory store that stands for Istio's part of the API server has the kind; the controller of the
// Gateway API has a client of its own.
func isOfIstio(schema resource.Schema) bool {
	switch schema.Group() {
	case "networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io":
		return true
	}
	return false
}

// isReadFromKubernetesToo says whether the index of ambient mode reads the kind, which has a client of its own.
func isReadFromKubernetesToo(schema resource.Schema) bool {
	switch schema.GroupVersionKind() {
	case gvk.ServiceEntry, gvk.WorkloadEntry, gvk.AuthorizationPolicy, gvk.PeerAuthentication:
		return true
	}
	return false
}

// addToIstio checks an object of Istio as its webhook does (Webhook.validate in pkg/webhooks/validation/server/server.go),
// and says whether it may be written.
func (o *objects) addToIstio(schema resource.Schema, text []byte, head *metav1.PartialObjectMetadata) bool {
	converted, err := convert(schema, text)
	if err == nil {
		_, err = schema.ValidateConfig(*converted)
	}
	if err != nil {
		o.rejected = append(o.rejected, rejectedObject{head.Kind, head.Namespace, head.Name, err.Error()})
		return false
	}
	o.istio = append(o.istio, *converted)
	return true
}

func convert(schema resource.Schema, text []byte) (*config.Config, error) {
	object := crd.IstioKind{}
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	if object.Spec == nil {
		object.Spec = json.RawMessage("{}")
	}
	return crd.ConvertObject(schema, &object, domain)
}

// addToKubernetes adds an object in the version that istiod reads. A kind that istiod does not know is left out.
func (o *objects) addToKubernetes(schema resource.Schema, isKnown bool, text []byte) error {
	if isKnown {
		fields := map[string]any{}
		if err := json.Unmarshal(text, &fields); err != nil {
			return err
		}
		fields["apiVersion"] = schema.APIVersion()
		var err error
		if text, err = json.Marshal(fields); err != nil {
			return err
		}
	}
	object, _, err := kube.IstioCodec.UniversalDeserializer().Decode(text, nil, nil)
	if runtime.IsNotRegisteredError(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w in %s", err, text)
	}
	o.kubernetes = append(o.kubernetes, object)
	if pod, isPod := object.(*corev1.Pod); isPod {
		o.pods[pod.Namespace+"/"+pod.Name] = pod
	}
	return nil
}
