// Command mesh is the Istio part of the bed: istiod, the agent that runs Envoy,
// and istioctl in one program. The name it is started by (a link), or else its
// first argument, says which of them it is.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	_ "k8s.io/client-go/plugin/pkg/client/auth"

	meshconfig "istio.io/api/mesh/v1alpha1"
	istioctl "istio.io/istio/istioctl/cmd"
	agent "istio.io/istio/pilot/cmd/pilot-agent/app"
	discovery "istio.io/istio/pilot/cmd/pilot-discovery/app"
	istioagent "istio.io/istio/pkg/istio-agent"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/security"
	"istio.io/istio/security/pkg/nodeagent/sds"
)

func main() {
	role, arguments := filepath.Base(os.Args[0]), os.Args[1:]
	if role != "istioctl" && len(arguments) > 0 {
		role, arguments = arguments[0], arguments[1:]
	}
	var command *cobra.Command
	switch role {
	case "istiod":
		command = discovery.NewRootCommand()
	case "agent":
		command = agent.NewRootCommand(secrets)
	case "istioctl":
		if err := istioctl.ConfigAndEnvProcessing(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(istioctl.GetExitCode(err))
		}
		command = istioctl.GetRootCmd(arguments)
	default:
		fmt.Fprintln(os.Stderr, "usage: mesh istiod|agent|istioctl [flags]")
		os.Exit(2)
	}
	log.EnableKlogWithCobra()
	command.SetArgs(arguments)
	if err := command.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(istioctl.GetExitCode(err))
	}
}

func secrets(options *security.Options, manager security.SecretManager, provider *meshconfig.PrivateKeyProvider) istioagent.SDSService {
	return sds.NewServer(options, manager, provider)
}
