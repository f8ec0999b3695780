// Command kube is the Kubernetes part of the bed: etcd, the API server, the
// controller manager and kubectl in one program. The name it is started by
// (a link), or else its first argument, says which of them it is.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

var commands = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kubectl":                 kubectl.NewDefaultKubectlCommand,
}

func main() {
	role := filepath.Base(os.Args[0])
	if !known(role) && len(os.Args) > 1 {
		role = os.Args[1]
		os.Args = os.Args[1:] // kubectl looks for plugins by os.Args, so the role must be its first word
	}
	switch {
	case role == "etcd":
		if err := etcd(); err != nil {
			fmt.Fprintln(os.Stderr, "etcd:", err)
			os.Exit(1)
		}
	case known(role):
		os.Exit(cli.Run(commands[role]()))
	default:
		fmt.Fprintln(os.Stderr, "usage: kube etcd|kube-apiserver|kube-controller-manager|kubectl [flags]")
		os.Exit(2)
	}
}

func known(role string) bool {
	_, found := commands[role]
	return found || role == "etcd"
}

// etcd runs one member. It never syncs to disk: the data is thrown away with the bed.
func etcd() error {
	directory := flag.String("data-dir", "", "where the data is kept")
	flag.Parse()

	config := embed.NewConfig()
	config.Name = "bed"
	config.Dir = *directory
	config.LogLevel = "warn"
	config.LogOutputs = []string{"stderr"}
	config.UnsafeNoFsync = true
	client, peer := url.URL{Scheme: "http", Host: "127.0.0.1:2379"}, url.URL{Scheme: "http", Host: "127.0.0.1:2380"}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)

	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	server, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer server.Close()
	select {
	case <-server.Server.ReadyNotify():
		fmt.Println("ready") // the bed waits for this line
	case <-time.After(time.Minute):
		return fmt.Errorf("not ready after a minute")
	case err := <-server.Err():
		return err
	}
	select {
	case <-stopped.Done():
		return nil
	case err := <-server.Err():
		return err
	}
}
