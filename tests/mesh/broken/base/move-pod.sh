#!/bin/sh
# Makes a pod of the gateway anew on a node, as a scheduler and a kubelet would: move-pod.sh POD NODE. What the pod was is
# kept, so that it can be made again after somebody deleted it.
set -eu
pod=$1 node=$2
if ! test -e "$SCRATCH/$pod.yaml"; then
  kubectl get pod "$pod" -n istio-system -o yaml | sed '/^  uid:/d; /^  resourceVersion:/d; /^  creationTimestamp:/d; /^  deletion/d' > "$SCRATCH/$pod.yaml"
fi
kubectl delete pod "$pod" -n istio-system --ignore-not-found --force --grace-period=0 2> /dev/null
sed "s/^  nodeName: .*/  nodeName: $node/" "$SCRATCH/$pod.yaml" > "$SCRATCH/moved.yaml"
kubectl create -f "$SCRATCH/moved.yaml"
kubectl replace --subresource=status -f "$SCRATCH/moved.yaml"
