package main

import (
	"github.com/spf13/pflag"

	"quire/exec"
)

// addIsolation adds the flags that say what is between the commands of jobs and
// this machine.
func addIsolation(flags *pflag.FlagSet, o *exec.Options) {
	flags.BoolVar(&o.Container, "container", false, "run commands in a container, made from the image that (ci.image …)\n"+
		"names or that .quire/Dockerfile builds; needs docker or podman")
	flags.StringVar(&o.ContainerRuntime, "container-runtime", "",
		"make the container with this `program`, which takes the arguments\nof docker, instead of with docker or podman, whichever answers")
	flags.StringArrayVar(&o.ContainerArgs, "container-arg", nil,
		"pass this `argument` to the run command of the container runtime,\nsuch as --memory=2g (repeatable)")
	flags.BoolVar(&o.Sandbox, "sandbox", false, "run each command in a sandbox: it can write nothing but the workspace,\n"+
		"and see neither your home directory nor the network; needs bubblewrap")
	flags.BoolVar(&o.Net, "net", false, "let commands in a sandbox reach the network")
}
